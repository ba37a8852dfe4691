import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx2
import pytest
from anyio.abc import Process
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from llm_server.serving import uvicorn_config
from llm_server.settings import Lifetime
from tests.llm_server.test_shutdown import port, until_it_answers

__all__ = ["port"]

CONFIG = """
api_keys: [a-service-key]
lifetime: {drain_s: 20}
log: {format: json}
"""


@pytest.fixture
async def server(tmp_path: Path, port: int) -> AsyncIterator[Process]:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    command = [sys.executable, "-m", "llm_server", "--config", str(config), "--port", str(port)]
    async with await anyio.open_process(command) as process:
        await until_it_answers(port)
        yield process
        if process.returncode is None:
            process.kill()


async def test_the_quick_parser_and_the_quick_loop_are_used(app: object) -> None:
    config = uvicorn_config(app, Lifetime())  # type: ignore[arg-type]
    config.load()

    assert issubclass(config.http_protocol_class, HttpToolsProtocol)
    factory = config.get_loop_factory()
    assert factory
    assert "uvloop" in factory.__module__


async def readiness(url: str) -> tuple[int, str]:
    async with httpx2.AsyncClient(base_url=url) as anyone:
        response = await anyone.get("/readyz")
        return response.status_code, response.json()["status"]


async def test_a_server_that_drains_is_not_ready_and_still_answers(
    server: Process, port: int
) -> None:
    url = f"http://127.0.0.1:{port}"
    assert await readiness(url) == (200, "ready")

    server.send_signal(signal.SIGTERM)

    with anyio.fail_after(10):
        while await readiness(url) == (200, "ready"):
            pass
    assert await readiness(url) == (503, "draining")


async def test_a_second_signal_ends_the_draining(server: Process, port: int) -> None:
    server.send_signal(signal.SIGTERM)
    with anyio.fail_after(10):
        while await readiness(f"http://127.0.0.1:{port}") == (200, "ready"):
            pass
        server.send_signal(signal.SIGINT)

        assert await server.wait() == 0
