"""What the endpoints share: whose key, which visitor, which rooms."""

import hmac
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated

import anyio
from anyio.abc import TaskGroup
from fastapi import Depends, Request

from agents_admin.simulator.agents import Agents
from agents_admin.simulator.behaviour import Behaviour
from agents_admin.simulator.conversation import Conversation
from agents_admin.simulator.events import Observer
from agents_admin.simulator.faces import Faces
from agents_admin.simulator.payloads import StartSession
from agents_admin.simulator.rooms import Room, Rooms
from agents_admin.simulator.script import Script
from agents_admin.simulator.start_limits import StartLimiter
from agents_admin.simulator.tokens import Tokens


@dataclass(slots=True)
class Simulator:
    """Script and behaviour may be replaced at any time: conversations take those of their start."""

    script: Script
    behaviour: Behaviour
    observe: Observer
    api_key: str | None = field(default=None, repr=False)
    public_url: str | None = None
    rooms: Rooms = field(default_factory=Rooms)
    agents: Agents = field(default_factory=Agents)
    tokens: Tokens = field(default_factory=Tokens)
    faces: Faces = field(default_factory=Faces)
    compose_tokens: set[str] = field(default_factory=set, repr=False)
    _limiter: StartLimiter = field(default_factory=StartLimiter)
    _conversations: TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let conversations take place for as long as the block runs; then cancel them."""
        async with anyio.create_task_group() as self._conversations:
            yield
            self._conversations.cancel_scope.cancel()

    def account_of(self, key: str) -> str | None:
        """Return whose Simli key this is; None if it is nobody's.

        Any key will do, each with an account of its own, when the simulator was given none.
        """
        expected = self.api_key or key
        if not key or not hmac.compare_digest(key.encode(), expected.encode()):
            return None
        return str(uuid.uuid5(uuid.NAMESPACE_OID, key))

    def start(self, config: StartSession, account: str, base_url: str) -> Room:
        """Open a room, and let the visitor join it in the background.

        Raises `TooManyStarts`.
        """
        if self._conversations is None:
            raise RuntimeError("The simulator is not running.")
        self._limiter.admit(account, self.rooms.running(account), self.behaviour.limits)
        room = self.rooms.open(config, account, (self.public_url or base_url).rstrip("/"))
        conversation = Conversation(room, self.script, self.behaviour, self.observe)
        self._conversations.start_soon(conversation.play)
        return room


def find_simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


CurrentSimulator = Annotated[Simulator, Depends(find_simulator)]
