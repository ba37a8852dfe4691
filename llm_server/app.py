"""Put the streaming server together: the only place that knows every part."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

import anyio
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from llm_server.answers import Answers
from llm_server.api import CHAT_PATHS, Server, routes
from llm_server.backends.base import Backend, MissingExtra
from llm_server.chat import ChatCompletions
from llm_server.errors import ApiError, MethodNotAllowed, NotFound, internal_error
from llm_server.keys import Keyring, ServiceKeys, SessionKeys
from llm_server.limits import StreamLimiter
from llm_server.metrics import Metrics, MetricsTurnSink
from llm_server.probes import probe_routes
from llm_server.request_ids import ResponseStart
from llm_server.responses import error_response
from llm_server.revocations import Revocations, RevocationSource, RevokedIds
from llm_server.routing.router import Router
from llm_server.settings import Settings
from llm_server.settings_problems import InvalidSettings
from llm_server.turns import LogTurnSink, TurnSink


def create_app(
    settings: Settings,
    turn_sink: TurnSink | None = None,
    *,
    backends: Mapping[str, Backend] | None = None,
    revocations: RevocationSource | None = None,
) -> FastAPI:
    """Make the streaming server.

    Turns go to `turn_sink`, by default to the log. `backends` are ready ones, by the model that
    they answer: they take the place of a model's configured backend, or add a model. The app
    closes them when it ends. `revocations` is asked in the background for keys that were taken
    back. Without a `session_secret` no signed key is accepted. Raises InvalidSettings when a
    model's backend or options are wrong, or an extra is missing.
    """
    limiter = StreamLimiter(settings.limits)
    metrics = Metrics(open_streams=lambda: limiter.open, breakers=lambda: router.breakers)
    revoked = RevokedIds(revocations)
    router = Router.from_settings(settings.models, backends or {}, metrics.upstream_error)
    keyring = _keyring(settings, revoked)
    answers = Answers(settings, router, limiter)
    sink = MetricsTurnSink(metrics, turn_sink or LogTurnSink())
    chat = ChatCompletions(settings, keyring, answers, sink)
    server = Server(settings, router, answers, keyring, chat)
    app = StreamingServer(server, revoked, _pushing(settings, metrics))
    app.router.routes.extend([*routes(server), *probe_routes(server, metrics)])
    return app


class StreamingServer(FastAPI):
    """Chat requests go around FastAPI, which wraps each chunk of an answer four times."""

    def __init__(
        self, server: Server, revoked: RevokedIds, pushing: AbstractAsyncContextManager[None]
    ) -> None:
        super().__init__(
            title="simli-llm-server",
            lifespan=lambda _: self._life(server, revoked, pushing),
            openapi_url=None,
            # A redirect names the scheme and host that this server sees behind a proxy, not the
            # real.
            redirect_slashes=False,
            # It would record exceptions, whose messages may quote what was said.
            telemetry={"tracing": False, "metrics": False, "logs": False},
            exception_handlers={
                ApiError: _api_error,
                HTTPException: _http_error,
                Exception: _unexpected_error,
            },
        )
        self._chat = server.chat
        # A proxy may leave its prefix on the path, or take it off.
        self._prefix = server.settings.root_path
        self._chat_paths = {prefix + path for prefix in ("", self._prefix) for path in CHAT_PATHS}
        if origins := server.settings.cors.allow_origins:
            self._chat_paths = set()  # Then chat requests need the middleware, too.
            _allow(self, origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
        elif scope["path"] in self._chat_paths and scope["method"] == "POST":
            await self._answer(scope, receive, ResponseStart(send))
        else:
            if self._prefix:
                scope["root_path"] = self._prefix
            await super().__call__(scope, receive, ResponseStart(send))

    async def _answer(self, scope: Scope, receive: Receive, send: ResponseStart) -> None:
        try:
            await self._chat(scope, receive, send)
        except Exception:
            if not send.begun:
                await error_response(internal_error())(scope, receive, send)
            # For the log, and so that a broken answer ends with its connection.
            raise

    @asynccontextmanager
    async def _life(
        self, server: Server, revoked: RevokedIds, pushing: AbstractAsyncContextManager[None]
    ) -> AsyncIterator[None]:
        every_s = server.settings.keys.revocations_refresh_s
        async with pushing, anyio.create_task_group() as tasks:
            await revoked.refresh(every_s)
            tasks.start_soon(revoked.keep_fresh, every_s)
            tasks.start_soon(server.router.keep_ready)
            tasks.start_soon(server.answers.keep_ready)
            self.state.ready = True
            try:
                yield
            finally:
                self.state.ready = False
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await server.router.aclose()


def _allow(app: FastAPI, origins: list[str]) -> None:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=["x-request-id", "retry-after", "server-timing"],
    )


def _pushing(settings: Settings, metrics: Metrics) -> AbstractAsyncContextManager[None]:
    if settings.metrics.otlp_endpoint is None:
        return nullcontext()
    try:
        from llm_server.otlp import OtlpExport
    except MissingExtra as exc:
        raise InvalidSettings([f"metrics.otlp_endpoint: {exc}"]) from exc
    return OtlpExport(settings.metrics, metrics.families).running()


def _keyring(settings: Settings, revocations: Revocations) -> Keyring:
    api_keys = [key.get_secret_value() for key in settings.api_keys]
    if settings.session_secret is None:
        return Keyring(api_keys, None, None, revocations)
    secret = settings.session_secret.get_secret_value()
    previous = [old.get_secret_value() for old in settings.previous_session_secrets]
    return Keyring(
        api_keys, SessionKeys(secret, previous), ServiceKeys(secret, previous), revocations
    )


async def _api_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ApiError)
    return error_response(exc)


async def _http_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    address = f"{request.method} {request.url.path}"
    if exc.status_code == 405:
        allowed = exc.headers.get("Allow", "") if exc.headers else ""
        error: ApiError = MethodNotAllowed(
            f"{address} is not allowed here, {allowed} is.", headers={"allow": allowed}
        )
    else:
        error = NotFound(f"There is nothing at {address}. Try POST /v1/chat/completions.")
    return error_response(error)


async def _unexpected_error(request: Request, exc: Exception) -> Response:
    return error_response(internal_error())
