"""The endpoints: chat completions under every path callers make of a base URL, and models."""

import time
from contextlib import aclosing
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from llm_server.assembly import whole
from llm_server.backends.base import Event, Events
from llm_server.disconnect import unless_gone
from llm_server.errors import (
    ApiError,
    RequestTooLarge,
    UnsupportedMediaType,
    http_headers,
    model_not_found,
)
from llm_server.keys import Caller, Keyring
from llm_server.protocol import (
    ChatRequest,
    Completion,
    encode,
    model_list,
    model_object,
    parse_request,
)
from llm_server.routing.router import Router
from llm_server.settings import Settings
from llm_server.streaming import CompletionStream, prepend, sse_bytes
from llm_server.timing import TurnTimer
from llm_server.turns import TurnSink
from llm_server.voice.apology import never_silent

# Simli appends /chat/completions to whatever base URL it was given, with or without a version,
# and also to one that already ends in it.
BASES = ("", "/v1")
CHAT_PATHS = [
    f"{base}/chat/completions{suffix}" for base in BASES for suffix in ("", "/chat/completions")
]


@dataclass(frozen=True, slots=True)
class Server:
    """What the endpoints need. Made by create_app."""

    settings: Settings
    router: Router
    keyring: Keyring
    turn_sink: TurnSink
    started_at: int = field(default_factory=lambda: int(time.time()))


def json_response(
    body: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return Response(encode(body), status, headers, media_type="application/json")


def error_response(error: ApiError) -> Response:
    return json_response(error.envelope(), error.status, http_headers(error))


class ChatCompletions:
    """POST …/chat/completions. A bare ASGI app: it is the one path where microseconds count."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            caller = self._server.keyring.identify(request.headers.get("authorization"))
            if caller.session:
                await self._answer_session(request, send, caller)
            else:
                await self._answer_service(request, send, caller)
        except ApiError as exc:
            await error_response(exc)(scope, receive, send)
        except ClientDisconnect:
            pass  # Nobody is left to be told.

    async def _answer_service(self, request: Request, send: Send, caller: Caller) -> None:
        """A plain API caller: what the model said, and errors as statuses."""
        chat = parse_request(await self._body(request))
        self._server.router.find(chat.model)
        events = self._server.router.answer(chat)
        await self._send(request, send, chat, events, TurnTimer(caller, chat))

    async def _answer_session(self, request: Request, send: Send, caller: Caller) -> None:
        """An avatar: always a spoken answer, because an error would be silence.

        It is streamed to unless it says otherwise: one that gets plain JSON without having asked
        for it is silent, too.
        """
        assert caller.session
        model = caller.session.model
        try:
            chat = parse_request(await self._body(request), model=model, stream=True)
            events = self._server.router.answer(chat)
        except ApiError as exc:
            chat = ChatRequest(model, messages=[], stream=True)
            events = _failing(exc)
        turn = TurnTimer(caller, chat)
        spoken = never_silent(events, turn, caller.session.language)
        await self._send(request, send, chat, spoken, turn)

    async def _send(
        self, request: Request, send: Send, chat: ChatRequest, events: Events, turn: TurnTimer
    ) -> None:
        try:
            async with aclosing(events):
                response = await self._response(request.receive, chat, events, turn)
                await response(request.scope, request.receive, send)
        except ClientDisconnect:
            raise  # The turn stays a cancelled one.
        except Exception as exc:
            turn.fail(exc.kind if isinstance(exc, ApiError) else ApiError.type)
            raise
        finally:
            self._server.turn_sink.record(turn.record())

    async def _response(
        self, receive: Receive, chat: ChatRequest, events: Events, turn: TurnTimer
    ) -> Response:
        completion = Completion(chat.model)
        if not chat.stream:
            body = await unless_gone(receive, whole(completion, events, turn))
            return json_response(body, headers={"x-request-id": completion.id})
        # Wait for the first event: a backend that cannot begin then gets a status of its own
        # instead of a broken 200.
        first: Event = await unless_gone(receive, anext(events))
        lifetime = self._server.settings.lifetime
        return CompletionStream(
            sse_bytes(completion, prepend(first, events), turn, include_usage=chat.include_usage),
            request_id=completion.id,
            ping_s=lifetime.ping_s,
            grace_s=lifetime.shutdown_grace_s,
        )

    async def _body(self, request: Request) -> bytes:
        content_type = request.headers.get("content-type", "application/json")
        if "json" not in content_type:
            raise UnsupportedMediaType("Send the request as 'content-type: application/json'.")
        limit = self._server.settings.limits.body_bytes
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > limit:
                raise RequestTooLarge(f"The body is larger than {limit} bytes.")
        return bytes(body)


async def _failing(error: ApiError) -> Events:
    """The answer to a request that cannot be asked of any backend."""
    raise error
    yield  # Makes it a generator.


def routes(server: Server) -> list[Route]:
    """All endpoints of the streaming server."""

    def identify(request: Request) -> Caller:
        return server.keyring.identify(request.headers.get("authorization"))

    def visible(caller: Caller) -> list[str]:
        return [caller.session.model] if caller.session else server.router.models

    async def list_models(request: Request) -> Response:
        return json_response(model_list(visible(identify(request)), server.started_at))

    async def show_model(request: Request) -> Response:
        name, names = request.path_params["model"], visible(identify(request))
        if name not in names:
            raise model_not_found(name, names)
        return json_response(model_object(name, server.started_at))

    async def show_health(request: Request) -> Response:
        return json_response({"status": "ok"})

    return [
        *(Route(path, ChatCompletions(server), methods=["POST"]) for path in CHAT_PATHS),
        *(Route(f"{base}/models", list_models) for base in BASES),
        *(Route(f"{base}/models/{{model:path}}", show_model) for base in BASES),
        Route("/healthz", show_health),
    ]
