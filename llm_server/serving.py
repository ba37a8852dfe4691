"""How uvicorn runs an app of this project: the numbers that a spoken conversation needs."""

import asyncio
import gc
import signal
import socket
from contextlib import suppress
from time import monotonic

import uvicorn
from starlette.types import ASGIApp

from llm_server.http_protocol import LimitedHttpProtocol
from llm_server.settings import Lifetime, Limits

# Before the garbage collector looks. Requests leave no cycles to it, and with Python's 700 objects
# it looks 300 times a second and finds nothing: 4 % of the CPU, and at 1,000 streams 9 ms at once.
YOUNG_OBJECTS = 10_000


class ServerConfig(uvicorn.Config):
    """uvicorn's, and what it does not know."""

    drain_s: float
    head_s: float


def uvicorn_config(
    app: ASGIApp, lifetime: Lifetime, limits: Limits | None = None, **options: object
) -> ServerConfig:
    """`options` are uvicorn's, such as `host` and `port`."""
    defaults: dict[str, object] = {
        # Named, so that a broken installation does not quietly become a slow server.
        "http": LimitedHttpProtocol,
        "ws": "none",
        "timeout_keep_alive": lifetime.keep_alive_s,
        # Later than the streams' own grace, so that the streams end themselves.
        "timeout_graceful_shutdown": lifetime.shutdown_grace_s + 5,
        "access_log": False,
        "server_header": False,
        "log_config": None,
        "lifespan": "on",
    }
    config = ServerConfig(app, **(defaults | options))  # type: ignore[arg-type]
    config.drain_s, config.head_s = lifetime.drain_s, (limits or Limits()).head_s
    return config


def run(config: ServerConfig) -> int:
    """Serve until SIGTERM or SIGINT, let running streams end, and return the exit code.

    uvicorn raises the signal once more when it is done. A deployment that was stopped as it
    should be would look as if it had been killed.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = _Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    return 0 if server.started else 3


class _Server(uvicorn.Server):
    config: ServerConfig

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What has been imported stays. To look through its 70 MB in each full collection would
        # stop every stream for 70 to 90 ms.
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn copies this state into the scope of each request: /readyz looks there.
        self.lifespan.state["draining"] = True
        until = monotonic() + self.config.drain_s
        while monotonic() < until and not self.force_exit:  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.1)
        await super().shutdown(sockets)
