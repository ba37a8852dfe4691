"""The relays under measurement: how each is started, and which model of it answers."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from textwrap import dedent
from typing import Any

KEY = "sk-benchmark"
HERE = Path(__file__).parent
CHAT = "/v1/chat/completions"

LITELLM_WEAK_KEYS = "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY"

# The relay has one core to itself; upstream and load share the other.
RELAY_CORE, LOAD_CORE = "0", "1"


@dataclass(frozen=True)
class Site:
    """Where a benchmark happens: a directory, and two ports that nobody else has."""

    work: Path
    upstream_port: int
    relay_port: int

    @classmethod
    def make(cls) -> "Site":
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            ports = one.getsockname()[1], other.getsockname()[1]
        return cls(Path(mkdtemp(prefix="benchmark-")), *ports)

    @property
    def upstream(self) -> str:
        return f"http://127.0.0.1:{self.upstream_port}/v1"


@dataclass(frozen=True)
class Relay:
    """One way from the load to the upstream, or to an answer without one."""

    name: str
    command: Sequence[str]
    port: int
    path: str = CHAT


def relays(site: Site, models: Sequence[str], litellm: Path | None) -> list[Relay]:
    """All that can be measured here; nginx and LiteLLM only where they are installed."""
    found = [_ours(site, models), _naive(site)]
    if Path("/usr/sbin/nginx").exists():
        found.append(_nginx(site))
    if litellm:
        found.append(_litellm(site, models, litellm))
    return found


def _ours(site: Site, models: Sequence[str]) -> Relay:
    backend = {"backend": "openai", "options": {"base_url": site.upstream}}
    return this_server(site, dict.fromkeys(models, backend))


def this_server(site: Site, models: dict[str, Any]) -> Relay:
    """This server, with these models of its configuration."""
    config = site.work / "ours.yaml"
    many = {"streams": 100_000, "streams_per_key": 100_000}
    # JSON is YAML, too.
    config.write_text(json.dumps({"api_keys": [KEY], "limits": many, "models": models}))
    command = [sys.executable, "-m", "llm_server", "--config", str(config)]
    return Relay("ours", [*command, "--port", str(site.relay_port)], site.relay_port)


def asgi_app(site: Site, name: str, source: str, path: str = CHAT) -> Relay:
    """An app of a few lines, as uvicorn runs it."""
    (site.work / f"{name}.py").write_text(dedent(source))
    command = [sys.executable, "-m", "uvicorn", f"{name}:app", "--app-dir", str(site.work)]
    command += ["--port", str(site.relay_port), "--no-access-log"]
    return Relay(name, command, site.relay_port, path)


def _naive(site: Site) -> Relay:
    """What everybody writes first: FastAPI and the SDK, one chunk object after another."""
    return asgi_app(
        site,
        "naive",
        f"""
        from fastapi import FastAPI, Request
        from fastapi.responses import StreamingResponse
        from openai import AsyncOpenAI

        app = FastAPI()
        client = AsyncOpenAI(base_url="{site.upstream}", api_key="none")

        @app.post("/v1/chat/completions")
        async def create(request: Request):
            stream = await client.chat.completions.create(**await request.json())

            async def relay():
                async for chunk in stream:
                    yield f"data: {{chunk.model_dump_json(exclude_unset=True)}}\\n\\n"
                yield "data: [DONE]\\n\\n"

            return StreamingResponse(relay(), media_type="text/event-stream")
        """,
    )


def _nginx(site: Site) -> Relay:
    config, log = site.work / "nginx.conf", site.work / "nginx.log"
    config.write_text(
        dedent(f"""
        daemon off; worker_processes 1; pid {site.work}/nginx.pid; error_log {log};
        events {{ worker_connections 16384; }}
        http {{
          access_log off;
          keepalive_requests 1000000;
          client_max_body_size 8m;
          upstream model {{
            server 127.0.0.1:{site.upstream_port}; keepalive 2048; keepalive_requests 1000000;
          }}
          server {{
            listen 127.0.0.1:{site.relay_port};
            location / {{
              proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection "";
              proxy_buffering off; client_body_buffer_size 1m;
            }}
          }}
        }}
        """)
    )
    command = ["/usr/sbin/nginx", "-c", str(config), "-e", str(log)]
    return Relay("nginx", command, site.relay_port)


def _litellm(site: Site, models: Sequence[str], program: Path) -> Relay:
    entries = [
        dedent(f"""
        - model_name: {name}
          litellm_params:
            model: openai/{name}
            api_base: {site.upstream}
            api_key: none
        """)
        for name in models
    ]
    config = site.work / "litellm.yaml"
    config.write_text("model_list:" + "".join(entries))
    # It refuses to start without a master key; requests then carry that key.
    environment = ["env", f"LITELLM_MASTER_KEY={KEY}", f"{LITELLM_WEAK_KEYS}=true"]
    command = [*environment, str(program), "--config", str(config), "--num_workers", "1"]
    command += ["--host", "127.0.0.1", "--port", str(site.relay_port)]
    return Relay("litellm", command, site.relay_port)


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
