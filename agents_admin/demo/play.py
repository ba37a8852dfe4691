"""Run everything, play one conversation through it, and show what was stored."""

import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import anyio
import httpx
import yaml
from rich.console import Console

from agents_admin import migrate, simulator
from agents_admin.demo import local_model
from agents_admin.demo.checks import failures
from agents_admin.demo.house import House
from agents_admin.demo.show import (
    QuietConsole,
    show_checks,
    show_event,
    show_places,
    show_transcript,
    show_turns,
)
from agents_admin.running import address, free_socket, running
from agents_admin.serve import make_process
from agents_admin.settings import Settings
from llm_server import load_settings

Json = dict[str, Any]

CURL_BODY = (
    '{"model": "receptionist", "stream": true, "messages": [{"role": "user", "content": "Hello!"}]}'
)

PATIENCE_S = 120
"""How long the conversation may take: a slow machine needs some seconds for each turn."""


@dataclass
class Visit:
    """What the simulator told of the one conversation."""

    console: Console
    heard: list[simulator.HeardTurn] = field(default_factory=list)
    room_url: str = ""
    ended: anyio.Event = field(default_factory=anyio.Event)

    def observe(self, event: simulator.Event) -> None:
        show_event(self.console, event)
        match event:
            case simulator.ConversationStarted(room_url=url):
                self.room_url = url
            case simulator.TurnEnded(turn=turn):
                self.heard.append(turn)
            case simulator.ConversationEnded():
                self.ended.set()


async def play(*, keep: bool, mock: bool) -> bool:
    """Play the demo. True only if all of it really happened."""
    console = QuietConsole(highlight=False)
    sample = yaml.safe_load((resources.files(__package__) / "receptionist.yaml").read_text("utf-8"))
    real = local_model.is_installed() and not mock
    console.print(_model_line(real, asked_for_mock=mock))
    visit = Visit(console)
    # Left behind on purpose: what was stored is there to be looked at.
    folder = Path(mkdtemp(prefix="simli-llm-demo-"))
    with local_model.serving() if real else nullcontext() as model_url:
        async with _house(folder, sample, model_url, visit) as house:
            wrong = await _attempt(console, house, sample["agent"], visit)
            show_places(console, _files(house))
            show_checks(console, wrong)
            if keep:
                await _explore(console, house, visit)
    return not wrong


def _model_line(real: bool, *, asked_for_mock: bool) -> str:
    if real:
        return (
            f"The model is [bold]{local_model.MODEL_NAME}[/], on this machine, through llama.cpp."
        )
    why = "" if asked_for_mock else ", because the extra [bold]local[/] is not installed"
    return f"[bold]The answers are scripted: this is the mock backend[/]{why}."


@asynccontextmanager
async def _house(
    folder: Path, sample: Json, model_url: str | None, visit: Visit
) -> AsyncIterator[House]:
    """The server and a local Simli, each on a socket of its own."""
    server_socket, simli_socket = free_socket(), free_socket()
    house = House(folder, address(server_socket), address(simli_socket))
    house.write_config(sample, model_url)
    settings = load_settings(Settings, house.config, environ={})
    await migrate.upgrade(settings.database_url)
    simli = simulator.create_app(
        simulator.load_sample(),
        api_key=house.simli_key,
        observer=visit.observe,
        public_url=house.simli_url,
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(make_process(settings), server_socket))
        await stack.enter_async_context(running(simli, simli_socket))
        yield house


async def _attempt(console: Console, house: House, agent: Json, visit: Visit) -> list[str]:
    """Have the conversation; tell what went wrong with it, or with what was stored of it."""
    try:
        return await _converse(console, house, agent, visit)
    except httpx.HTTPStatusError as exc:
        return [f"{exc.request.method} {exc.request.url.path}: {exc.response.text}"]
    except httpx.TransportError as exc:
        return [f"The admin API could not be reached: {exc!r}."]
    except TimeoutError:
        return [f"The conversation was not over after {PATIENCE_S} s."]


async def _converse(console: Console, house: House, agent: Json, visit: Visit) -> list[str]:
    async with httpx.AsyncClient(
        base_url=f"{house.server_url}/admin/v1",
        headers={"authorization": f"Bearer {house.admin_key}"},
        timeout=30,
    ) as admin:
        created = await _call(admin, "POST", "/agents", agent)
        console.print(f"Created the agent [bold]{created['name']}[/] ({created['id']}).")
        session = await _call(admin, "POST", f"/agents/{created['id']}/sessions")
        with anyio.fail_after(PATIENCE_S):
            await visit.ended.wait()
        path = f"/sessions/{session['id']}"
        turns = await _stored_turns(admin, path, len(visit.heard))
        transcript = await _call(admin, "POST", f"{path}/transcript/pull")
    console.print()
    show_turns(console, turns)
    show_transcript(console, transcript)
    return failures(visit.heard, turns, transcript, agent["first_message"])


async def _stored_turns(admin: httpx.AsyncClient, path: str, count: int) -> list[Json]:
    """Turns are written behind the stream, so the last one may take a moment."""
    turns: list[Json] = []
    with anyio.move_on_after(5):
        while len(turns) < count:
            turns = (await _call(admin, "GET", f"{path}/turns"))["items"]
            await anyio.sleep(0.05)
    return turns


async def _call(admin: httpx.AsyncClient, method: str, path: str, body: Json | None = None) -> Json:
    response = await admin.request(method, path, json=body)
    response.raise_for_status()
    answer: Json = response.json()
    return answer


def _files(house: House) -> dict[str, str]:
    return {
        "Configuration": str(house.config),
        "Database": str(house.database),
        "Run it again": f"simli-llm serve --config {house.config}",
    }


async def _explore(console: Console, house: House, visit: Visit) -> None:
    console.print(
        f"""
Everything is still running. Look at the room, {visit.room_url},
and at the admin API, {house.server_url}/admin/docs. Or try:

  curl -N {house.server_url}/v1/chat/completions -H 'authorization: Bearer {house.service_key}' \\
    -H 'content-type: application/json' \\
    -d '{CURL_BODY}'
  curl {house.server_url}/admin/v1/sessions -H 'authorization: Bearer {house.admin_key}'

Ctrl-C ends it.""",
        markup=False,
        soft_wrap=True,
    )
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        await anext(signals)
    # What follows ends in order, within seconds; another Ctrl-C would only break it off.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
