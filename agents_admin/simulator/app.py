"""The local Simli as a FastAPI app: the only place that knows every part."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from agents_admin.simulator import accounts, auto
from agents_admin.simulator.events import Observer, ignore
from agents_admin.simulator.script import Script
from agents_admin.simulator.simulator import Simulator


def create_app(
    script: Script,
    *,
    api_key: str | None = None,
    observer: Observer | None = None,
    public_url: str | None = None,
) -> FastAPI:
    """Make a Simli whose every room is visited by the script's visitor.

    `api_key` is the key it accepts; any, but not none, when omitted. `observer` is told of
    every event. `public_url` is what a roomUrl begins with; when omitted, the address under
    which the start request reached the simulator.

    Conversations run inside the app's lifespan and are cancelled when it ends. A parent app
    that mounts this one must enter its lifespan itself: Starlette does not.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with anyio.create_task_group() as conversations:
            observe = observer or ignore
            app.state.simulator = Simulator(script, api_key, observe, public_url, conversations)
            yield
            conversations.cancel_scope.cancel()

    app = FastAPI(title="A local Simli", lifespan=lifespan)
    app.add_exception_handler(RequestValidationError, _refuse_payload)
    app.add_exception_handler(accounts.Refused, accounts.answer_refused)
    app.include_router(auto.router)
    app.include_router(accounts.router)
    return app


async def _refuse_payload(request: Request, exc: Exception) -> JSONResponse:
    """Answer 422 as FastAPI does, without `input`: that would send keys back."""
    faults = exc.errors() if isinstance(exc, RequestValidationError) else []
    detail = [{name: fault[name] for name in ("loc", "msg", "type")} for fault in faults]
    return JSONResponse({"detail": detail}, 422)
