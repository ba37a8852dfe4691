"""The endpoints: chat completions under every path callers make of a base URL, and models."""

import time
from dataclasses import dataclass, field
from time import perf_counter

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from llm_server.backends.base import Events
from llm_server.disconnect import unless_gone
from llm_server.errors import (
    ApiError,
    UnsupportedMediaType,
    http_headers,
    model_not_found,
)
from llm_server.keys import Caller, Keyring, SessionClaims
from llm_server.limits import StreamLimiter, check_length, check_messages, read_body
from llm_server.protocol import (
    ChatRequest,
    encode,
    model_list,
    model_object,
    parse_request,
)
from llm_server.routing.router import Router
from llm_server.settings import Settings
from llm_server.streaming import Reply
from llm_server.timing import TurnTimer
from llm_server.turns import TurnSink
from llm_server.voice.apology import never_silent
from llm_server.watchdog import within

# Simli appends /chat/completions to whatever base URL it was given, with or without a version,
# and also to one that already ends in it.
BASES = ("", "/v1")
CHAT_PATHS = [
    f"{base}/chat/completions{suffix}" for base in BASES for suffix in ("", "/chat/completions")
]


Understood = tuple[ChatRequest, Events, TurnTimer]


@dataclass(frozen=True, slots=True)
class Server:
    """What the endpoints need. Made by create_app."""

    settings: Settings
    router: Router
    keyring: Keyring
    turn_sink: TurnSink
    limiter: StreamLimiter
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
        began = perf_counter()
        request = Request(scope, receive)
        try:
            caller = self._server.keyring.identify(request.headers.get("authorization"))
            caller.require("chat")
            chat, events, turn = await self._understand(request, caller, began)
            settings = self._server.settings
            reply = Reply(send, chat, settings, turn, eager=bool(caller.session))
            await self._answer(receive, reply, events, turn)
        except ApiError as exc:
            await error_response(exc)(scope, receive, send)
        except ClientDisconnect:
            pass  # Nobody is left to be told.

    async def _understand(self, request: Request, caller: Caller, began: float) -> Understood:
        if caller.session:
            return await self._understand_session(request, caller, caller.session, began)
        # A plain API caller: what the model said, and errors as statuses.
        chat = await self._read(request, caller)
        self._server.router.find(chat.model)
        return chat, self._events(chat, caller), TurnTimer(caller, chat, began)

    async def _understand_session(
        self, request: Request, caller: Caller, session: SessionClaims, began: float
    ) -> Understood:
        """An avatar: always a spoken answer, because an error would be silence."""
        try:
            chat = await self._read(request, caller)
            events = self._events(chat, caller)
        except ApiError as exc:
            chat = ChatRequest(session.model, messages=[], stream=True, session=session)
            events = _failing(exc)
        turn = TurnTimer(caller, chat, began)
        return chat, never_silent(events, turn, session.language), turn

    async def _answer(
        self, receive: Receive, reply: Reply, events: Events, turn: TurnTimer
    ) -> None:
        every_s = self._server.settings.lifetime.ping_s
        try:
            await unless_gone(
                receive, reply.send(events), meanwhile=reply.keep_alive, every_s=every_s
            )
        except ClientDisconnect:
            raise  # The turn stays a cancelled one.
        except Exception as exc:
            turn.fail(exc.kind if isinstance(exc, ApiError) else ApiError.type)
            if isinstance(exc, ApiError):
                exc.headers = {**exc.headers, "x-request-id": turn.request_id}
            raise
        finally:
            self._server.turn_sink.record(turn.record())

    async def _read(self, request: Request, caller: Caller) -> ChatRequest:
        if "json" not in request.headers.get("content-type", "application/json").lower():
            raise UnsupportedMediaType("Send the request as 'content-type: application/json'.")
        limits = self._server.settings.limits
        check_length(request.headers.get("content-length"), limits)
        body = await read_body(request.receive, limits)
        chat = parse_request(body, caller.session, request.headers)
        check_messages(chat, limits)
        return chat

    def _events(self, chat: ChatRequest, caller: Caller) -> Events:
        events = self._server.router.answer(chat)
        return within(events, self._server.settings.limits, self._server.limiter.slot(caller))


async def _failing(error: ApiError) -> Events:
    """The answer to a request that cannot be asked of any backend."""
    raise error
    yield  # Makes it a generator.


def routes(server: Server) -> list[Route]:
    """All endpoints of the streaming server."""

    def identify(request: Request) -> Caller:
        caller = server.keyring.identify(request.headers.get("authorization"))
        caller.require("models")
        return caller

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
