"""Faces: Trinity's, and the legacy ones, which were seen to be all that Simli Auto shows."""

from dataclasses import dataclass
from typing import Any, Literal

import httpx
from pydantic import Field

from agents_admin.simli.calls import READING, Calls, segment
from agents_admin.simli.payload import Answer, read_json

# Simli names 25 s, and 160 s with `retry`.
REFRAMING_TIMEOUT = httpx.Timeout(30, connect=5, read=240)


@dataclass(frozen=True, slots=True)
class Image:
    """A portrait: under 5 MB, at least 512x512, the head at least 15 % of its height."""

    content: bytes
    media_type: Literal["image/jpeg", "image/png", "image/webp"]

    def as_upload(self) -> dict[str, tuple[str, bytes, str]]:
        name = self.media_type.replace("/", ".")
        return {"image": (name, self.content, self.media_type)}


class Face(Answer):
    id: str = Field(min_length=1)
    owner_id: str | None = None
    simli_version: int | None = None
    created_at: str | None = None
    updated_at: str | None = None


@dataclass(frozen=True, slots=True)
class FaceGeneration:
    """Simli's answer as it came; nothing is published about its shape."""

    raw: Any

    @property
    def face_id(self) -> str | None:
        return self._find("face_id", "faceId", "id")

    @property
    def status(self) -> str | None:
        return self._find("status", "state")

    def _find(self, *names: str) -> str | None:
        members = self.raw if isinstance(self.raw, dict) else {}
        found = (members.get(name) for name in names)
        return next((value for value in found if isinstance(value, str)), None)


class FaceCalls(Calls):
    async def list_faces(self) -> list[Face]:
        return Face.read_list(await self._call("GET", "/faces", **READING))

    async def create_trinity_face(
        self, image: Image, name: str | None = None, version: Literal["GSA_1.0"] | None = None
    ) -> FaceGeneration:
        """Put a face into the queue. It may take Simli long: ask for its status."""
        return await self._create("/faces/trinity", image, face_name=name, gsVersion=version)

    async def reframe_trinity_image(self, image: Image, *, retry: bool = False) -> bytes:
        """The portrait as a PNG in the framing that Trinity expects.

        `retry` is better and takes minutes: for an image whose first result was no good.
        """
        response = await self._call(
            "POST",
            "/faces/trinity/preprocess",
            files=image.as_upload(),
            params={"retry": "true"} if retry else {},
            timeout=REFRAMING_TIMEOUT,
        )
        return response.content

    async def trinity_face_status(self, face_id: str) -> FaceGeneration:
        return await self._status("/faces/trinity/generation_status", face_id)

    async def delete_trinity_face(self, face_id: str) -> None:
        """For good: agents with this face are broken afterwards."""
        await self._call("DELETE", f"/faces/trinity/{segment(face_id)}")

    async def create_legacy_face(
        self, image: Image, name: str | None = None, version: Literal["1.5"] | None = None
    ) -> FaceGeneration:
        """As `create_trinity_face`, for a face that Simli Auto can show."""
        return await self._create("/faces/legacy", image, face_name=name, characterVersion=version)

    async def legacy_face_status(self, face_id: str) -> FaceGeneration:
        return await self._status("/faces/legacy/generation_status", face_id)

    async def delete_legacy_face(self, face_id: str) -> None:
        """For good: agents with this face are broken afterwards."""
        await self._call("DELETE", f"/faces/legacy/{segment(face_id)}")

    async def _create(self, path: str, image: Image, **query: str | None) -> FaceGeneration:
        params = {name: value for name, value in query.items() if value is not None}
        response = await self._call("POST", path, files=image.as_upload(), params=params)
        return FaceGeneration(read_json(response))

    async def _status(self, path: str, face_id: str) -> FaceGeneration:
        response = await self._call("GET", path, params={"face_id": face_id}, **READING)
        return FaceGeneration(read_json(response))
