"""The local Simli as a FastAPI app: the only place that knows every part."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

from agents_admin.simulator.behaviour import Behaviour
from agents_admin.simulator.endpoints import (
    accounts,
    agents,
    compose,
    faces,
    rooms,
    starts,
    static,
    tokens,
    transcripts,
)
from agents_admin.simulator.endpoints.errors import ServiceRefused
from agents_admin.simulator.events import Observer, ignore
from agents_admin.simulator.script import Script
from agents_admin.simulator.simulator import Simulator
from agents_admin.simulator.start_limits import TooManyStarts

_ENDPOINTS = (accounts, agents, compose, faces, rooms, starts, static, tokens, transcripts)


def create_app(
    script: Script,
    *,
    behaviour: Behaviour | None = None,
    api_key: str | None = None,
    observer: Observer | None = None,
    public_url: str | None = None,
) -> FastAPI:
    """Make a Simli whose every room is visited by the script's visitor.

    `api_key` is the key it accepts; any, but not none, when omitted. `observer` is told of
    every event. `public_url` is what a roomUrl begins with; when omitted, the address under
    which the start request reached the simulator. `app.state.simulator` is the `Simulator`.

    Conversations run inside the app's lifespan and are cancelled when it ends. A parent app
    that mounts this one must enter its lifespan itself: Starlette does not.
    """
    simulator = Simulator(script, behaviour or Behaviour(), observer or ignore, api_key, public_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with simulator.running():
            yield

    app = FastAPI(title="A local Simli", lifespan=lifespan)
    app.state.simulator = simulator
    # Pages start stored agents from wherever they are; the token says from where they may.
    app.add_middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"]
    )
    app.add_exception_handler(RequestValidationError, _refuse_payload)
    app.add_exception_handler(ServiceRefused, _refuse_as_service)
    app.add_exception_handler(TooManyStarts, _refuse_start)
    for endpoints in _ENDPOINTS:
        app.include_router(endpoints.router)
    return app


async def _refuse_payload(request: Request, exc: Exception) -> JSONResponse:
    """Answer 422 as FastAPI does, without `input`: that would send keys back."""
    faults = exc.errors() if isinstance(exc, RequestValidationError) else []
    detail = [{name: fault[name] for name in ("loc", "msg", "type")} for fault in faults]
    return JSONResponse({"detail": detail}, 422)


async def _refuse_as_service(request: Request, exc: Exception) -> JSONResponse:
    status = exc.status if isinstance(exc, ServiceRefused) else 500
    return JSONResponse({"error": str(exc)}, status)


async def _refuse_start(request: Request, exc: Exception) -> JSONResponse:
    simulator: Simulator = request.app.state.simulator
    wait_s = simulator.behaviour.limits.retry_after_s
    headers = None if wait_s is None else {"retry-after": str(wait_s)}
    return JSONResponse({"detail": str(exc)}, 429, headers)
