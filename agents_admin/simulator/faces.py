"""Faces, in memory: no picture is ever looked at."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from pydantic import BaseModel

Kind = Literal["trinity", "legacy"]
_VERSIONS: dict[Kind, int] = {"trinity": 2, "legacy": 1}


class FaceResponse(BaseModel):
    """One face as GET /faces gives it."""

    id: str
    owner_id: str
    simli_version: int
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Face:
    owner: str
    kind: Kind
    name: str
    ready_at: float
    id: str = field(default_factory=lambda: str(uuid4()))
    created_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())

    @property
    def status(self) -> str:
        return "completed" if self.ready_at <= time.monotonic() else "processing"

    def response(self) -> FaceResponse:
        return FaceResponse(
            id=self.id,
            owner_id=self.owner,
            simli_version=_VERSIONS[self.kind],
            created_at=self.created_at,
            updated_at=self.created_at,
        )


class Faces:
    """The faces of all accounts."""

    def __init__(self) -> None:
        self._by_id: dict[str, Face] = {}

    def make(self, owner: str, kind: Kind, name: str, takes_s: float) -> Face:
        face = Face(owner, kind, name, ready_at=time.monotonic() + takes_s)
        self._by_id[face.id] = face
        return face

    def of(self, owner: str) -> list[Face]:
        return [face for face in self._by_id.values() if face.owner == owner]

    def find(self, owner: str, kind: Kind, face_id: str) -> Face | None:
        face = self._by_id.get(face_id)
        return face if face and (face.owner, face.kind) == (owner, kind) else None

    def delete(self, face: Face) -> None:
        del self._by_id[face.id]
