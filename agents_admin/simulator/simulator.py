"""What the endpoints share: whose key, which visitor, which rooms."""

import hmac
from dataclasses import dataclass, field
from typing import Annotated

from anyio.abc import TaskGroup
from fastapi import Depends, Request

from agents_admin.simulator.conversation import play
from agents_admin.simulator.events import Observer
from agents_admin.simulator.payloads import StartSession
from agents_admin.simulator.rooms import Room, Rooms
from agents_admin.simulator.script import Script


@dataclass(frozen=True, slots=True)
class Simulator:
    script: Script
    api_key: str | None = field(repr=False)
    observe: Observer
    public_url: str | None
    conversations: TaskGroup
    rooms: Rooms = field(default_factory=Rooms)

    def admits(self, key: str) -> bool:
        """Is this the Simli key? Any key will do when the simulator was given none."""
        if not self.api_key:
            return bool(key)
        return hmac.compare_digest(key.encode(), self.api_key.encode())

    def start(self, config: StartSession, base_url: str) -> Room:
        """Open a room, and let the visitor join it in the background."""
        room = self.rooms.open(config, (self.public_url or base_url).rstrip("/"))
        self.conversations.start_soon(play, room, self.script, self.observe)
        return room


def find_simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


CurrentSimulator = Annotated[Simulator, Depends(find_simulator)]
