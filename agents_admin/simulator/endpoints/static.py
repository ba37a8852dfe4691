"""A static video of given audio: a stand-in of a few bytes, without picture and sound."""

import base64
import binascii
import secrets
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import AfterValidator, Field

from agents_admin.simulator.endpoints.keys import Account
from agents_admin.simulator.payloads import Payload

router = APIRouter(prefix="/static")

# A packet of an MPEG transport stream that says to be skipped.
_SEGMENT = b"\x47\x1f\xff\x10" + b"\xff" * 184
_PLAYLIST = b"""#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:1
#EXTINF:1.0,
segment0.ts
#EXT-X-ENDLIST
"""
# The two boxes that every player looks for first: the brand, and a movie without tracks.
_MP4 = b"\x00\x00\x00\x14ftypisom\x00\x00\x02\x00isom\x00\x00\x00\x08moov"

_HLS_FILES = {
    "output.m3u8": (_PLAYLIST, "application/x-mpegURL"),
    "segment0.ts": (_SEGMENT, "video/MP2T"),
}
_MP4_FILES = {"output.mp4": (_MP4, "video/mp4")}


def _require_base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ValueError("must be base64") from exc
    return text


class AudioToVideo(Payload):
    face_id: str
    audio_base64: Annotated[str, AfterValidator(_require_base64)] = Field(alias="audioBase64")
    audio_format: Literal["pcm16", "pcm32", "wav", "mp3", "ogg"]
    audio_sample_rate: int = 16000
    audio_channel_count: int = 1
    video_starting_frame: int = 0


@router.post("/audio")
async def make_video(account: Account, audio: AudioToVideo, request: Request) -> dict[str, str]:
    destination = secrets.token_hex(8)
    base_url = f"{request.base_url}static"
    return {
        "hls_url": f"{base_url}/hls/{destination}/output.m3u8",
        "mp4_url": f"{base_url}/mp4/{destination}/output.mp4",
    }


@router.get("/hls/{destination}/{file}")
async def get_segment(destination: str, file: str) -> Response:
    return _file(_HLS_FILES, file)


@router.get("/mp4/{destination}/{file}")
async def get_video(destination: str, file: str) -> Response:
    return _file(_MP4_FILES, file)


def _file(files: dict[str, tuple[bytes, str]], name: str) -> Response:
    if name not in files:
        raise HTTPException(404, "File not found")
    content, media_type = files[name]
    return Response(content, media_type=media_type)
