import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import yaml

from tests.end_to_end.processes import finish, free_port, started

SCRIPT = {"pause_s": 0, "lines": [{"say": "Hello!"}, {"say": "Stop.", "interrupt_after": 4}]}
REPLY = "Good morning. We open at nine."


def write(path: Path, content: object) -> str:
    path.write_text(yaml.safe_dump(content))
    return str(path)


def configuration(folder: Path, simli_port: int) -> str:
    config = {
        "api_keys": ["sk-service-key"],
        "models": {"clerk": {"backend": "mock", "options": {"reply": REPLY}}},
        "admin": {"keys": ["adm-secret"]},
        "simli": {"api_key": "any", "base_url": f"http://127.0.0.1:{simli_port}"},
    }
    return write(folder / "simli-llm.yaml", config)


@asynccontextmanager
async def server_with_agent(folder: Path, simli_port: int) -> AsyncIterator[str]:
    """A server whose Simli is at this port, with an agent Clerk; gives its URL."""
    config = configuration(folder, simli_port)
    async with (
        started("serve", "--config", config, cwd=folder) as (_, url),
        httpx.AsyncClient(headers={"authorization": "Bearer adm-secret"}) as admin,
    ):
        await admin.post(f"{url}/admin/v1/agents", json={"name": "Clerk", "model": "clerk"})
        yield url


async def test_conversations_with_an_agent_are_held_and_reported(tmp_path: Path) -> None:
    script, port = write(tmp_path / "visitor.yaml", SCRIPT), free_port()
    options = ["--script", script, "--key", "adm-secret", "--simulator-port", str(port)]

    async with server_with_agent(tmp_path, port) as url:
        done = await finish(
            "simulate", "Clerk", "--sessions=3", "--json", "--server", url, *options, cwd=tmp_path
        )

    assert done.code == 0, done.output
    report = json.loads(done.output)
    assert (report["sessions"], report["turns"], report["barge_ins"]) == (3, 6, 3)
    assert (report["silent_turns"], report["errors"]) == (0, {})


async def test_a_server_with_another_simli_is_told_which_one_to_take(tmp_path: Path) -> None:
    port = free_port()
    async with (
        started("simulator", cwd=tmp_path, probe="/ping") as (_, elsewhere),
        server_with_agent(tmp_path, int(elsewhere.rpartition(":")[2])) as url,
    ):
        options = ["--key", "adm-secret", "--server", url, "--simulator-port", str(port)]
        done = await finish("simulate", "Clerk", *options, cwd=tmp_path)

    assert done.code == 2
    assert "at another Simli" in done.output
    assert f"set `simli.base_url` to http://127.0.0.1:{port}." in done.output


async def test_an_agent_that_is_not_there_is_named(tmp_path: Path) -> None:
    port = free_port()
    async with server_with_agent(tmp_path, port) as url:
        options = ["--key", "adm-secret", "--server", url, "--simulator-port", str(port)]
        done = await finish("simulate", "Nobody", *options, cwd=tmp_path)

    assert done.code == 2
    assert "The server has no agent 'Nobody'." in done.output


async def test_an_llm_is_called_without_a_server_of_agents(tmp_path: Path) -> None:
    script = write(tmp_path / "visitor.yaml", SCRIPT)
    config = configuration(tmp_path, free_port())

    async with started("serve", "--role", "llm", "--config", config, cwd=tmp_path) as (_, url):
        options = ["--url", f"{url}/v1", "--model", "clerk", "--script", script]
        heard = await finish("simulate", "--key", "sk-service-key", *options, cwd=tmp_path)
        refused = await finish("simulate", "--key", "wrong", *options, cwd=tmp_path)

    assert heard.code == 0, heard.output
    assert "first sentence, median" in heard.output
    assert refused.code == 1
    assert "AuthenticationError 401" in refused.output


async def test_one_of_agent_and_url_is_needed(tmp_path: Path) -> None:
    neither = await finish("simulate", cwd=tmp_path)
    no_url = await finish("simulate", "--url", "localhost", cwd=tmp_path)

    assert (neither.code, no_url.code) == (2, 2)
    assert "Name an agent, or give --url." in neither.output
    assert "no http or https URL" in no_url.output


async def test_the_simulator_lists_its_switches_and_refuses_others(tmp_path: Path) -> None:
    listed = await finish("simulator", "--switches", cwd=tmp_path)
    refused = await finish("simulator", "--set", "calls.steam=false", cwd=tmp_path)

    assert listed.code == 0
    assert "calls.doubled_suffix" in listed.output
    assert (refused.code, refused.output.strip()) == (
        2,
        "behaviour: unknown key 'steam' in calls",
    )
