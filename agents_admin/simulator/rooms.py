"""The rooms of the simulator, in memory: what was said and heard in each."""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from agents_admin.simulator.events import EndReason, HeardTurn
from agents_admin.simulator.payloads import StartSession


@dataclass(frozen=True, slots=True)
class Spoken:
    """One thing that was said, as it was heard. A silent turn has no content."""

    role: Literal["user", "assistant"]
    content: str
    at: datetime
    turn: HeardTurn | None = None
    """Of an answer: how it was heard."""


@dataclass(slots=True)
class Room:
    """One conversation: what the session was started with, and all that was spoken so far."""

    config: StartSession
    account: str
    base_url: str
    session_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    spoken: list[Spoken] = field(default_factory=list)
    ended_at: datetime | None = None
    end_reason: EndReason | None = None

    @property
    def url(self) -> str:
        return f"{self.base_url}/rooms/{self.name}"

    @property
    def turns(self) -> list[HeardTurn]:
        """The answers that are complete, as they were heard."""
        return [spoken.turn for spoken in self.spoken if spoken.turn is not None]

    def say(self, spoken: Spoken) -> None:
        self.spoken.append(spoken)

    def end(self, reason: EndReason) -> None:
        self.ended_at, self.end_reason = datetime.now(UTC), reason


class Rooms:
    """Every room since the simulator was started."""

    def __init__(self) -> None:
        self._by_name: dict[str, Room] = {}
        self._by_session: dict[str, Room] = {}

    def open(self, config: StartSession, account: str, base_url: str) -> Room:
        room = Room(config, account, base_url)
        self._by_name[room.name] = self._by_session[room.session_id] = room
        return room

    def all(self) -> list[Room]:
        """Return every room, oldest first."""
        return list(self._by_name.values())

    def of(self, account: str) -> list[Room]:
        return [room for room in self.all() if room.account == account]

    def named(self, name: str) -> Room | None:
        return self._by_name.get(name)

    def of_session(self, session_id: str) -> Room | None:
        return self._by_session.get(session_id)

    def running(self, account: str) -> int:
        return sum(room.ended_at is None for room in self.of(account))
