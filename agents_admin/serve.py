"""Compose the streaming server and agents_admin into one process, or run one of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp

import agents_admin.app
import llm_server
from agents_admin.database import make_db_sessions, make_engine
from agents_admin.keys.revoked import DatabaseRevocations
from agents_admin.settings import Settings
from agents_admin.turns.sink import DatabaseTurnSink

ADMIN_PATH = "/admin"


class Role(StrEnum):
    """What this process does."""

    ALL = "all"
    LLM = "llm"
    ADMIN = "admin"


def make_process(settings: Settings, role: Role = Role.ALL) -> ASGIApp:
    """The ASGI app of one process. Raises InvalidSettings."""
    match role:
        case Role.LLM:
            return _llm_alone(settings)
        case Role.ADMIN:
            admin = agents_admin.app.create_app(settings)
            return _together(admin, Route("/healthz", _healthy), Mount(ADMIN_PATH, app=admin))
        case Role.ALL:
            admin = agents_admin.app.create_app(settings)
            revocations = DatabaseRevocations(admin.state.db_sessions)
            llm = llm_server.create_app(settings, admin.state.turn_sink, revocations=revocations)
            return _together(admin, Mount(ADMIN_PATH, app=admin), Mount("/", app=llm), inner=llm)


def has_database(settings: Settings, role: Role) -> bool:
    """Whether this process uses the database: a streaming server alone only if told of one."""
    return role is not Role.LLM or "database_url" in settings.model_fields_set


async def _healthy(request: Request) -> Response:
    """The streaming server's answer, for a process without one: an image has one health check."""
    return JSONResponse({"status": "ok"})


def _together(admin: FastAPI, *routes: BaseRoute, inner: FastAPI | None = None) -> Router:
    """Starlette does not run the lifespan of a mounted app, so it is done here.

    A bare Router and no app: nothing is wrapped around each chunk that is sent.
    """

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        # The turn sink outlives the streams that fill it.
        async with admin.router.lifespan_context(admin):
            if inner is None:
                yield
            else:
                async with inner.router.lifespan_context(inner):
                    yield

    return Router(routes, lifespan=lifespan)


def _llm_alone(settings: Settings) -> ASGIApp:
    if not has_database(settings, Role.LLM):
        return llm_server.create_app(settings)
    engine = make_engine(settings.database_url)
    db_sessions = make_db_sessions(engine)
    sink = DatabaseTurnSink(db_sessions)
    app = llm_server.create_app(settings, sink, revocations=DatabaseRevocations(db_sessions))

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        try:
            async with sink.running(), app.router.lifespan_context(app):
                yield
        finally:
            await engine.dispose()

    return Router([Mount("/", app=app)], lifespan=lifespan)
