"""What the tests of the simulator play on: a scripted custom LLM, and an onlooker."""

import json
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import anyio
import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from agents_admin.simulator import (
    AnswerPiece,
    Behaviour,
    ConversationEnded,
    Event,
    HeardTurn,
    Line,
    Script,
    TurnEnded,
    create_app,
)

START = "/auto/start/configurable"
KEY = {"x-simli-api-key": "simli-key"}
HOLD: Final = "hold"  # the stream stays open until the caller hangs up


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class ScriptedLlm:
    """Plays back what it was told, one answer per request, and records what it was asked.

    An answer is a list of pieces (text, HOLD, or a raw `data:` line), or a status to refuse
    with. Without one it says yes.
    """

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[Sequence[str] | int] = []
        self.asked: list[Asked] = []
        self.hung_up = anyio.Event()
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> Response:
        asked = Asked(request.url.path, dict(request.headers), await request.json())
        self.asked.append(asked)
        answer = self.answers.pop(0) if self.answers else ["Yes."]
        if isinstance(answer, int):
            # Without the header the SDK would wait half a second before each retry.
            headers = {"retry-after-ms": "1"}
            return JSONResponse({"error": {"message": "no"}}, answer, headers=headers)
        return StreamingResponse(self._stream(answer), media_type="text/event-stream")

    async def _stream(self, pieces: Sequence[str]) -> AsyncIterator[str]:
        whole = False
        try:
            for piece in pieces:
                if piece == HOLD:
                    await anyio.sleep_forever()
                yield piece if piece.startswith("data:") else _chunk(piece)
            whole = True
            yield "data: [DONE]\n\n"
        finally:
            if not whole:
                self.hung_up.set()


def _chunk(text: str) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    chunk = {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n"


class Onlooker:
    """An observer that keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.hearing = anyio.Event()
        self.ended = anyio.Event()

    def __call__(self, event: Event, /) -> None:
        self.events.append(event)
        if isinstance(event, AnswerPiece):
            self.hearing.set()
        if isinstance(event, ConversationEnded):
            self.ended.set()

    @property
    def turns(self) -> list[HeardTurn]:
        return [event.turn for event in self.events if isinstance(event, TurnEnded)]

    async def wait_for_the_end(self) -> None:
        with anyio.fail_after(10):
            await self.ended.wait()


def visitor(*lines: str | Line) -> Script:
    spoken = tuple(Line(say=line) if isinstance(line, str) else line for line in lines)
    return Script(pause_s=0, lines=spoken)


def hook(llm: ScriptedLlm, path: str = "/v1") -> dict[str, str]:
    return {"model": "m", "baseURL": f"{llm.url}{path}", "llmAPIKey": "llm-key"}


@asynccontextmanager
async def simulate(
    script: Script,
    onlooker: Onlooker,
    *,
    behaviour: Behaviour | None = None,
    api_key: str | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """Run a simulator on a real socket; leaving it shuts it down."""
    app = create_app(script, behaviour=behaviour, api_key=api_key, observer=onlooker)
    async with serve(app) as url, httpx.AsyncClient(base_url=url, headers=KEY) as simli:
        yield simli


def behave(**sections: Mapping[str, object]) -> Behaviour:
    return Behaviour.model_validate(sections)


class _Server(uvicorn.Server):
    """Says when it is up, so that nobody has to look again and again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = anyio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    """Run the app on a real socket: in-process transports know no hang-up."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        server = _Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: server.serve(sockets=[sock]))
            await server.up.wait()
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
            server.should_exit = True
