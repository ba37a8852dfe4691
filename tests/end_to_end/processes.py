"""Real processes of `simli-llm`, on free ports."""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx
from anyio.abc import Process

PATIENCE_S = 30


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if "SIMLI_LLM_" not in name}
    return kept | dict(extra or {})


@dataclass(frozen=True)
class Finished:
    code: int
    output: str


async def finish(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, within_s: float = PATIENCE_S
) -> Finished:
    """Run a command of `simli-llm` to its end."""
    with anyio.fail_after(within_s):
        done = await anyio.run_process(
            [sys.executable, "-m", "agents_admin", *arguments],
            cwd=cwd,
            env=environment(env),
            check=False,
            stderr=subprocess.STDOUT,
        )
    return Finished(done.returncode, done.stdout.decode())


@asynccontextmanager
async def started(
    command: str, *arguments: str, cwd: Path, probe: str = "/healthz"
) -> AsyncIterator[tuple[Process, str]]:
    """Run a server of `simli-llm` for as long as the block runs; gives its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with await anyio.open_process(
        [sys.executable, "-m", "agents_admin", command, *arguments, "--port", str(port)],
        cwd=cwd,
        env=environment({"SIMLI_LLM_PUBLIC_URL": url} if command == "serve" else {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            await _answering(f"{url}{probe}")
            yield process, url
        finally:
            if process.returncode is None:
                process.terminate()


async def _answering(url: str) -> None:
    async with httpx.AsyncClient() as client:
        with anyio.fail_after(PATIENCE_S):
            while True:
                try:
                    await client.get(url)
                except httpx.TransportError:
                    await anyio.sleep(0.05)
                else:
                    return
