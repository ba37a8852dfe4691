"""The rooms of the simulator, in memory: what was said and heard in each."""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from agents_admin.simulator.events import EndReason
from agents_admin.simulator.payloads import HistoryRecord, StartSession, TranscriptEntry


@dataclass(frozen=True, slots=True)
class Spoken:
    """One thing that was said, as it was heard. A silent turn has a remark and no content."""

    role: Literal["user", "assistant"]
    content: str
    at: datetime
    remark: str = ""


@dataclass(slots=True)
class Room:
    """One conversation: what the session was started with, and all that was spoken so far."""

    config: StartSession
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

    def say(self, spoken: Spoken) -> None:
        self.spoken.append(spoken)

    def end(self, reason: EndReason) -> None:
        self.ended_at, self.end_reason = datetime.now(UTC), reason

    def messages(self) -> list[dict[str, str]]:
        """Return the whole history as the custom LLM receives it.

        After a silent turn two user messages follow each other, as in Pipecat.
        """
        prompt = self.config.system_prompt
        system = [{"role": "system", "content": prompt}] if prompt else []
        heard = [{"role": s.role, "content": s.content} for s in self.spoken if s.content]
        return system + heard

    def transcript(self) -> list[TranscriptEntry]:
        return [
            TranscriptEntry(role=s.role, content=s.content, timestamp=s.at.isoformat())
            for s in self.spoken
            if s.content
        ]

    def record(self, ended_at: datetime) -> HistoryRecord:
        return HistoryRecord(
            id=self.session_id,
            face_id=self.config.face_id,
            session_total_time=(ended_at - self.started_at).total_seconds(),
            start_time=int(self.started_at.timestamp()),
            end_time=int(ended_at.timestamp()),
        )


class Rooms:
    """Every room since the simulator was started."""

    def __init__(self) -> None:
        self._by_name: dict[str, Room] = {}
        self._by_session: dict[str, Room] = {}

    def open(self, config: StartSession, base_url: str) -> Room:
        room = Room(config, base_url)
        self._by_name[room.name] = self._by_session[room.session_id] = room
        return room

    def named(self, name: str) -> Room | None:
        return self._by_name.get(name)

    def of_session(self, session_id: str) -> Room | None:
        return self._by_session.get(session_id)

    def running(self) -> int:
        return sum(room.ended_at is None for room in self._by_name.values())

    def history(self) -> list[HistoryRecord]:
        """Return the records of all ended sessions, oldest first."""
        rooms = self._by_name.values()
        return [room.record(room.ended_at) for room in rooms if room.ended_at is not None]
