"""Videos made of one piece of audio, to be looked at later."""

import base64
from typing import Literal

import httpx
from pydantic import Field, field_serializer
from pydantic.alias_generators import to_camel

from agents_admin.simli.calls import READING, Calls, segment
from agents_admin.simli.payload import Answer, Sent

# It is not known how long making a video takes; this is a guess.
RENDERING_TIMEOUT = httpx.Timeout(30, connect=5, read=120)


class CreateVideo(Sent, alias_generator=to_camel):
    """What a face shall say (AudioToVideoRequest). What is None is not sent."""

    face_id: str
    audio: bytes = Field(alias="audioBase64", repr=False)
    audio_format: Literal["pcm16", "pcm32", "wav", "mp3", "ogg"]
    audio_sample_rate: int | None = None
    audio_channel_count: int | None = None
    video_starting_frame: int | None = None

    @field_serializer("audio")
    def _as_base64(self, audio: bytes) -> str:
        return base64.b64encode(audio).decode()


class Video(Answer):
    hls_url: str | None = None
    mp4_url: str | None = None


class VideoCalls(Calls):
    async def create_video(self, request: CreateVideo) -> Video:
        """Not repeated once Simli may have heard of it: each video is billed."""
        return Video.read(
            await self._call(
                "POST", "/static/audio", json=request.body(), timeout=RENDERING_TIMEOUT
            )
        )

    async def get_hls_file(self, destination: str, file: str) -> bytes:
        """A playlist, or a piece of the video. Needs no key."""
        return await self._get_file("hls", destination, file)

    async def get_mp4_file(self, destination: str, file: str) -> bytes:
        """The whole video. Needs no key."""
        return await self._get_file("mp4", destination, file)

    async def _get_file(self, kind: str, destination: str, file: str) -> bytes:
        path = f"/static/{kind}/{segment(destination)}/{segment(file)}"
        return (await self._call_openly("GET", path, **READING)).content
