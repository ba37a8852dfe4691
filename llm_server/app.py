"""Put the streaming server together: the only place that knows every part."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from llm_server.api import Server, error_response, routes
from llm_server.backends.base import Backend
from llm_server.errors import ApiError, MethodNotAllowed, NotFound, internal_error
from llm_server.keys import Keyring, SessionKeys
from llm_server.routing.router import Router
from llm_server.settings import Settings
from llm_server.turns import LogTurnSink, TurnSink


def create_app(
    settings: Settings,
    turn_sink: TurnSink | None = None,
    *,
    backends: Mapping[str, Backend] | None = None,
) -> FastAPI:
    """Make the streaming server.

    Turns go to `turn_sink`, by default to the log. `backends` are ready ones, by the model that
    they answer: they take the place of a model's configured backend, or add a model. The app
    closes them when it ends. Without a `session_secret` no session key is accepted. Raises
    InvalidSettings when a model's backend or options are wrong.
    """
    server = Server(
        settings=settings,
        router=Router.from_settings(settings.models, backends or {}),
        keyring=_keyring(settings),
        turn_sink=turn_sink or LogTurnSink(),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await server.router.aclose()

    app = FastAPI(
        title="simli-llm-server",
        lifespan=lifespan,
        openapi_url=None,
        # A redirect names the scheme and host that this server sees behind a proxy, not the real.
        redirect_slashes=False,
        exception_handlers={
            ApiError: _api_error,
            HTTPException: _http_error,
            Exception: _unexpected_error,
        },
    )
    app.router.routes.extend(routes(server))
    return app


def _keyring(settings: Settings) -> Keyring:
    secret = settings.session_secret
    return Keyring(
        [key.get_secret_value() for key in settings.api_keys],
        SessionKeys(secret.get_secret_value()) if secret else None,
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
