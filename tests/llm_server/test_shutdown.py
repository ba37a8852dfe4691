import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx2
import openai
import pytest
from anyio.abc import Process

from tests.llm_server.wire import API_KEY, CHAT, Json, caller

CONFIG = f"""
api_keys: [{API_KEY}]
models:
  mock: {{backend: mock, options: {{reply: "One two three four five.", token_s: 0.25}}}}
lifetime: {{shutdown_grace_s: 10}}
"""
ASK: Json = {"model": "mock", "messages": [{"role": "user", "content": "Hi!"}]}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture
async def http(port: int) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": f"Bearer {API_KEY}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as http:
        yield http


@asynccontextmanager
async def running(*arguments: str, **environ: str) -> AsyncIterator[Process]:
    command = [sys.executable, "-m", "llm_server", *arguments]
    async with await anyio.open_process(command, env=os.environ | environ) as process:
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()


@pytest.fixture
async def server(config: Path, port: int) -> AsyncIterator[Process]:
    async with running("--config", str(config), "--port", str(port)) as process:
        await until_it_answers(port)
        yield process


async def until_it_answers(port: int) -> None:
    with anyio.fail_after(20):
        while not await answers(port):  # noqa: ASYNC110 - another process has no event
            await anyio.sleep(0.05)


async def answers(port: int) -> bool:
    try:
        async with await anyio.connect_tcp("127.0.0.1", port):
            return True
    except OSError:
        return False


async def output(process: Process) -> str:
    assert process.stderr
    return b"".join([part async for part in process.stderr]).decode()


@pytest.fixture
async def client(port: int) -> AsyncIterator[openai.AsyncOpenAI]:
    async with caller(f"http://127.0.0.1:{port}", API_KEY) as client:
        yield client


async def test_a_running_stream_is_sent_to_its_end_after_sigterm(
    server: Process, http: httpx2.AsyncClient
) -> None:
    with anyio.fail_after(15):
        lines = await terminate_after_first_line(server, http)

    assert any("five." in line for line in lines)
    assert lines[-2:] == ["data: [DONE]", ""]


async def test_a_stream_that_outlives_the_grace_is_cut_off(
    config: Path, port: int, http: httpx2.AsyncClient
) -> None:
    config.write_text(CONFIG.replace("token_s: 0.25", "token_s: 60").replace("_s: 10", "_s: 0"))

    async with running("--config", str(config), "--port", str(port)) as server:
        await until_it_answers(port)
        with anyio.fail_after(15), pytest.raises(httpx2.RemoteProtocolError):
            await terminate_after_first_line(server, http)
        status = await server.wait()

    assert status == 0


async def terminate_after_first_line(server: Process, http: httpx2.AsyncClient) -> list[str]:
    """The lines of a whole stream, in which SIGTERM came early."""
    lines: list[str] = []
    async with http.stream("POST", CHAT, json=ASK | {"stream": True}) as response:
        async for line in response.aiter_lines():
            if not lines:
                server.terminate()
            lines.append(line)
    return lines


async def test_an_answer_that_is_put_together_is_finished_after_sigterm(
    server: Process, http: httpx2.AsyncClient, port: int
) -> None:
    async with await anyio.connect_tcp("127.0.0.1", port) as connection:
        await connection.send(_bytes(http.build_request("POST", CHAT, json=ASK)))
        # Answered on another connection, so what was sent before is being worked on.
        await http.get("/healthz")
        server.terminate()
        with anyio.fail_after(15):
            answer = b"".join([part async for part in connection])

    assert b"One two three four five." in answer


def _bytes(request: httpx2.Request) -> bytes:
    headers = b"".join(b"%b: %b\r\n" % header for header in request.headers.raw)
    return b"POST %b HTTP/1.1\r\n%b\r\n%b" % (CHAT.encode(), headers, request.content)


async def test_new_connections_are_refused_after_sigterm(
    server: Process, client: openai.AsyncOpenAI, port: int
) -> None:
    stream = await client.chat.completions.create(**ASK, stream=True)

    server.terminate()

    with anyio.fail_after(15):
        while await answers(port):  # noqa: ASYNC110 - another process has no event
            await anyio.sleep(0.01)
        assert [chunk async for chunk in stream][-1].choices[0].finish_reason == "stop"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_that_was_told_to_stop_ends_cleanly(
    server: Process, stop: signal.Signals
) -> None:
    server.send_signal(stop)

    with anyio.fail_after(15):
        assert await server.wait() == 0
    assert "Traceback" not in await output(server)


async def test_wrong_settings_are_explained_and_end_it(config: Path) -> None:
    config.write_text("modles: {}")

    async with running("--config", str(config)) as process:
        said = await output(process)
        status = await process.wait()

    assert said.startswith(f"{config}: modles: unknown key, did you mean 'models'?")
    assert status == 2


async def test_a_port_that_is_taken_ends_it(server: Process, config: Path, port: int) -> None:
    async with running("--config", str(config), "--port", str(port)) as second:
        said = await output(second)
        status = await second.wait()

    assert "address already in use" in said
    assert status != 0


async def test_a_turn_is_logged_without_what_was_said(
    server: Process, http: httpx2.AsyncClient
) -> None:
    await http.post(CHAT, json=ASK)
    server.terminate()

    said = await output(server)

    assert "outcome=completed" in said
    assert not any(word in said for word in ("Hi!", "five", API_KEY))
