"""The relays under measurement: how each is started, and which model of it answers."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

KEY = "sk-benchmark"
UPSTREAM_PORT = 9100
RELAY_PORT = 9001
HERE = Path(__file__).parent

LITELLM_WEAK_KEYS = "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY"

# The relay has one core to itself; upstream and load share the other.
RELAY_CORE, LOAD_CORE = "0", "1"


@dataclass(frozen=True)
class Relay:
    """One way from the load to the upstream."""

    name: str
    command: Sequence[str]
    port: int = RELAY_PORT


def relays(work: Path, models: Sequence[str], litellm: Path | None) -> list[Relay]:
    """All that can be measured here; nginx and LiteLLM only where they are installed."""
    found = [_ours(work, models), _naive(work)]
    if Path("/usr/sbin/nginx").exists():
        found.append(_nginx(work))
    if litellm:
        found.append(_litellm(work, models, litellm))
    return found


def _ours(work: Path, models: Sequence[str]) -> Relay:
    lines = [
        f'  {name}: {{backend: openai, options: {{base_url: "http://127.0.0.1:{UPSTREAM_PORT}/v1"}}}}'
        for name in models
    ]
    config = work / "ours.yaml"
    config.write_text("\n".join([f"api_keys: [{KEY}]", "models:", *lines]))
    command = [sys.executable, "-m", "llm_server", "--config", str(config)]
    return Relay("ours", [*command, "--port", str(RELAY_PORT)])


def _naive(work: Path) -> Relay:
    """What everybody writes first: FastAPI and the SDK, one chunk object after another."""
    app = work / "naive.py"
    app.write_text(
        dedent(f"""
        from fastapi import FastAPI, Request
        from fastapi.responses import StreamingResponse
        from openai import AsyncOpenAI

        app = FastAPI()
        client = AsyncOpenAI(base_url="http://127.0.0.1:{UPSTREAM_PORT}/v1", api_key="none")

        @app.post("/v1/chat/completions")
        async def create(request: Request):
            stream = await client.chat.completions.create(**await request.json())

            async def relay():
                async for chunk in stream:
                    yield f"data: {{chunk.model_dump_json(exclude_unset=True)}}\\n\\n"
                yield "data: [DONE]\\n\\n"

            return StreamingResponse(relay(), media_type="text/event-stream")
        """)
    )
    command = [sys.executable, "-m", "uvicorn", "naive:app", "--app-dir", str(work)]
    return Relay("naive", [*command, "--port", str(RELAY_PORT), "--no-access-log"])


def _nginx(work: Path) -> Relay:
    config = work / "nginx.conf"
    config.write_text(
        dedent(f"""
        daemon off; worker_processes 1; pid {work}/nginx.pid; error_log {work}/nginx.log;
        events {{ worker_connections 16384; }}
        http {{
          access_log off;
          keepalive_requests 1000000;
          client_max_body_size 8m;
          upstream model {{
            server 127.0.0.1:{UPSTREAM_PORT}; keepalive 2048; keepalive_requests 1000000;
          }}
          server {{
            listen 127.0.0.1:{RELAY_PORT};
            location / {{
              proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection "";
              proxy_buffering off; client_body_buffer_size 1m;
            }}
          }}
        }}
        """)
    )
    return Relay("nginx", ["/usr/sbin/nginx", "-c", str(config), "-e", f"{work}/nginx.log"])


def _litellm(work: Path, models: Sequence[str], program: Path) -> Relay:
    entries = [
        dedent(f"""
        - model_name: {name}
          litellm_params:
            model: openai/{name}
            api_base: http://127.0.0.1:{UPSTREAM_PORT}/v1
            api_key: none
        """)
        for name in models
    ]
    config = work / "litellm.yaml"
    config.write_text("model_list:" + "".join(entries))
    # It refuses to start without a master key; requests then carry that key.
    environment = ["env", f"LITELLM_MASTER_KEY={KEY}", f"{LITELLM_WEAK_KEYS}=true"]
    command = [*environment, str(program), "--config", str(config), "--num_workers", "1"]
    return Relay("litellm", [*command, "--host", "127.0.0.1", "--port", str(RELAY_PORT)])


@contextmanager
def running(command: Sequence[str], core: str, port: int, log: Path) -> Iterator[int]:
    """Run a program on one core for as long as the block runs; gives its process id."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["taskset", "-c", core, *command], stdout=output, stderr=output, cwd=log.parent
        )
        try:
            _wait_for(port, process)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"{process.args!r} does not listen on {port}")
