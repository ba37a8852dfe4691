"""How uvicorn runs an app of this project: the numbers that a spoken conversation needs."""

import logging
import signal
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from llm_server.settings import Lifetime


def uvicorn_config(app: ASGIApp, lifetime: Lifetime, **options: object) -> uvicorn.Config:
    """`options` are uvicorn's, such as `host` and `port`."""
    defaults: dict[str, object] = {
        "timeout_keep_alive": lifetime.keep_alive_s,
        # Later than the streams' own grace, so that the streams end themselves.
        "timeout_graceful_shutdown": lifetime.shutdown_grace_s + 5,
        "access_log": False,
        "server_header": False,
        "log_config": None,
        "lifespan": "on",
    }
    return uvicorn.Config(app, **(defaults | options))  # type: ignore[arg-type]


def run(config: uvicorn.Config) -> int:
    """Serve until SIGTERM or SIGINT, let running streams end, and return the exit code.

    uvicorn raises the signal once more when it is done. A deployment that was stopped as it
    should be would look as if it had been killed.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    return 0 if server.started else 3


def configure_logging(level: str = "INFO") -> None:
    """One line an entry, on standard error."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # At DEBUG they write whole requests and chunks: what people said.
    for name in ("sse_starlette", "openai", "httpx", "httpx2", "httpcore", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
