"""A custom LLM with whatever is wrong with it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import anyio
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from llm_server.errors import InvalidApiKey
from llm_server.responses import error_response

KEY = "sk-the-key-that-simli-has"
ANSWER = "I can tell you about our rooms. I can book a table. And I can call you a taxi. Just ask."

DONE = b"data: [DONE]\n\n"

Json = dict[str, Any]


def chunk(delta: Json, **choice: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": None} | choice]})


def event(payload: Any) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(payload)


ROLE = chunk({"role": "assistant", "content": ""})
STOP = chunk({}, finish_reason="stop")
USAGE = event({"choices": [], "usage": {"total_tokens": 7}})


def words(text: str = ANSWER) -> list[bytes]:
    return [chunk({"content": f"{word} "}) for word in text.split()]


@dataclass
class CustomLlm:
    """Healthy, but for what a test changes."""

    pieces: list[bytes] = field(default_factory=lambda: [ROLE, *words(), STOP, DONE])
    first_s: float = 0
    """Seconds before the first piece."""
    gap_s: float = 0
    """Seconds before each further one."""
    instead: Response | None = None
    """Sent to everybody in place of a stream."""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "text/event-stream"
    path: str = "/v1/chat/completions"
    keyed: bool = True
    always_stream: bool = True
    takes_greetings: bool = True
    breaks_off: bool = False
    places: int = 99
    """How many answers there can be at once; one that is hung up on keeps its place."""
    requests: list[Json] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route(self.path, self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> Response:
        if self.instead:
            return self.instead
        if self.keyed and request.headers.get("authorization") != f"Bearer {KEY}":
            return error_response(InvalidApiKey("No."))
        body = await request.json()
        self.requests.append(body)
        if not (self.always_stream or body.get("stream")):
            return JSONResponse({"choices": [{"message": {"content": ANSWER}}]})
        if body["messages"][1]["role"] == "assistant" and not self.takes_greetings:
            return JSONResponse({"error": {"message": "roles must alternate"}}, 400)
        if self.places <= 0:
            return Response("All places are taken.", 503)
        return StreamingResponse(self._stream(), 200, self.headers, self.content_type)

    async def _stream(self) -> AsyncIterator[bytes]:
        self.places -= 1
        await anyio.sleep(self.first_s)
        *pieces, last = self.pieces
        for piece in pieces:
            yield piece
            await anyio.sleep(self.gap_s)
        self.places += 1
        yield last
        if self.breaks_off:
            raise ConnectionResetError
