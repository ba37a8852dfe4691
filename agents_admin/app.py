"""The REST API of agents_admin: the only place of this package that knows every part."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from agents_admin import simli
from agents_admin.agents.endpoints import router as agents
from agents_admin.agents.version_endpoints import router as agent_versions
from agents_admin.audit.endpoints import router as audit
from agents_admin.auth import VIEWER
from agents_admin.body_limit import BodyLimit
from agents_admin.database import make_db_sessions, make_engine
from agents_admin.errors import Forbidden, TooManyRequests, Unauthorized, ValidationFailed
from agents_admin.keys.admin_endpoints import router as admin_keys
from agents_admin.keys.last_uses import LastUses
from agents_admin.keys.service_endpoints import router as service_keys
from agents_admin.problems import document, install_error_handlers
from agents_admin.rates import RequestRates
from agents_admin.request_ids import RequestIds
from agents_admin.sessions.endpoints import router as sessions
from agents_admin.settings import Settings
from agents_admin.transcripts.endpoints import router as transcripts
from agents_admin.turns.endpoints import router as turns
from agents_admin.turns.sink import DatabaseTurnSink


def create_app(
    settings: Settings,
    *,
    turn_sink: DatabaseTurnSink | None = None,
    simli_transport: httpx.AsyncBaseTransport | None = None,
    simli_sleep: simli.Sleep = anyio.sleep,
) -> FastAPI:
    """Make the app; nothing is connected before its lifespan runs.

    `app.state.turn_sink` takes the turns of a streaming server in the same process: `turn_sink`,
    or one of its own on `settings.database_url`. The lifespan runs it. Starlette does not run the
    lifespan of a mounted app: whoever mounts this one runs `app.router.lifespan_context(app)`.
    """
    app = FastAPI(
        title="Simli agents",
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
    )
    app.state.settings = settings
    app.state.engine = make_engine(settings.database_url)
    app.state.db_sessions = make_db_sessions(app.state.engine)
    app.state.turn_sink = turn_sink or DatabaseTurnSink(app.state.db_sessions)
    app.state.rates = RequestRates(settings.admin.requests_per_minute)
    app.state.last_uses = LastUses(app.state.db_sessions)
    app.state.simli_transport = simli_transport
    app.state.simli_sleep = simli_sleep
    app.add_middleware(BodyLimit, max_bytes=settings.limits.body_bytes)
    app.add_middleware(RequestIds)
    install_error_handlers(app)
    app.include_router(_health)
    app.include_router(_make_api())
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    try:
        async with (
            simli.connect(
                state.settings.simli, state.simli_transport, state.simli_sleep
            ) as state.simli,
            state.turn_sink.running(),
            state.last_uses.running(),
        ):
            yield
    finally:
        await state.engine.dispose()


def _operation_id(route: APIRoute) -> str:
    return route.name


def _make_api() -> APIRouter:
    api = APIRouter(
        prefix="/v1",
        # The least that any endpoint needs; those that need more say so.
        dependencies=[VIEWER],
        responses=document(Unauthorized, Forbidden, TooManyRequests, ValidationFailed),
    )
    domains = (agents, agent_versions, sessions, turns, transcripts)
    for router in (*domains, admin_keys, service_keys, audit):
        api.include_router(router)
    return api


_health = APIRouter(tags=["health"])


@_health.get("/v1/health", summary="Tell that the server runs")
async def get_health() -> dict[str, str]:
    return {"status": "ok"}
