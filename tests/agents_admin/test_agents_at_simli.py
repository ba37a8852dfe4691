from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner

from agents_admin import cli
from agents_admin.agents.sync.simli_sync import (
    apply_import,
    apply_simli,
    plan_import,
    plan_simli,
)
from agents_admin.agents.sync.steps import Action, Difference, SyncRefused
from agents_admin.settings import Settings
from agents_admin.simli import SimliClient, connect
from tests.agents_admin.databases import one_database_is_enough
from tests.agents_admin.stored_agents import StoredAgents

Json = dict[str, Any]

ADA = {"name": "Ada", "model": "mock", "face_id": "face", "voice_provider": "ElevenLabs"}
SENT = {
    "name": "Ada",
    "face_id": "face",
    "language": "en",
    "voice_provider": "elevenlabs",
    "llm_provider": "user",
    "llm_model": "mock",
    "llm_endpoint": "https://llm.example/v1/chat/completions",
}


@pytest.fixture
def stored() -> StoredAgents:
    return StoredAgents()


@pytest.fixture
async def at_simli(stored: StoredAgents, settings: Settings) -> AsyncIterator[SimliClient]:
    async with connect(settings.simli, httpx.MockTransport(stored)) as client:
        yield client


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> Json:
    body: Json = (await client.post("/v1/agents", json=ADA)).json()
    return body


@pytest.fixture
async def stored_ada(
    db: AsyncSession, at_simli: SimliClient, settings: Settings, stored: StoredAgents, ada: Json
) -> Json:
    """Ada, with a copy at Simli."""
    await apply_simli(db, at_simli, await plan_simli(db, at_simli, settings, [UUID(ada["id"])]))
    stored.changes.clear()
    # So that what is changed by others is read again.
    await db.commit()
    db.expire_all()
    return ada


async def test_a_new_copy_says_no_more_than_it_must(
    db: AsyncSession,
    at_simli: SimliClient,
    settings: Settings,
    stored: StoredAgents,
    ada: Json,
    client: httpx.AsyncClient,
) -> None:
    plan = await plan_simli(db, at_simli, settings, [UUID(ada["id"])])
    assert stored.changes == []

    await apply_simli(db, at_simli, plan)

    assert stored.changes == [("POST", SENT)]
    kept = (await client.get(f"/v1/agents/{ada['id']}")).json()
    assert (kept["simli_agent_id"], kept["version"]) == ("simli-1", 2)


async def test_a_copy_that_is_the_same_is_not_touched(
    db: AsyncSession,
    at_simli: SimliClient,
    settings: Settings,
    stored: StoredAgents,
    stored_ada: Json,
) -> None:
    # What Simli chose itself is no difference.
    stored.agents["simli-1"] |= {"voice_model": "eleven_flash", "max_idle_time": 300}

    plan = await plan_simli(db, at_simli, settings)
    await apply_simli(db, at_simli, plan)

    assert [step.action for step in plan] == [Action.UNCHANGED]
    assert stored.changes == []


async def test_only_what_differs_is_sent(
    db: AsyncSession,
    at_simli: SimliClient,
    settings: Settings,
    stored: StoredAgents,
    stored_ada: Json,
    client: httpx.AsyncClient,
) -> None:
    await client.patch(f"/v1/agents/{stored_ada['id']}", json={"system_prompt": "Be brief."})
    stored.agents["simli-1"]["language"] = "fr"

    [step] = await plan_simli(db, at_simli, settings)
    await apply_simli(db, at_simli, [step])

    assert step.differences == (
        Difference("system_prompt", None, "Be brief."),
        Difference("language", "fr", "en"),
    )
    assert stored.changes == [("PUT", {"prompt": "Be brief.", "language": "en"})]


@pytest.mark.usefixtures("ada")
async def test_what_is_not_ours_is_never_touched(
    db: AsyncSession, at_simli: SimliClient, settings: Settings, stored: StoredAgents
) -> None:
    stored.agents["theirs"] = {"id": "theirs", "name": "Ada"}

    plan = await plan_simli(db, at_simli, settings)
    await apply_simli(db, at_simli, plan)

    assert (plan, stored.changes) == ([], [])


async def test_the_copy_of_an_archived_agent_is_left_alone(
    db: AsyncSession,
    at_simli: SimliClient,
    settings: Settings,
    stored_ada: Json,
    client: httpx.AsyncClient,
) -> None:
    await client.patch(f"/v1/agents/{stored_ada['id']}", json={"language": "fr"})
    await client.post(f"/v1/agents/{stored_ada['id']}/archive")

    assert await plan_simli(db, at_simli, settings) == []


@one_database_is_enough
@pytest.mark.parametrize(
    ("wrong", "reason"), [({"face_id": None}, "face_id"), ({"voice_provider": "PlayHT"}, "PlayHT")]
)
async def test_what_simli_cannot_store_is_refused(
    db: AsyncSession,
    at_simli: SimliClient,
    settings: Settings,
    client: httpx.AsyncClient,
    wrong: Json,
    reason: str,
) -> None:
    agent = (await client.post("/v1/agents", json=ADA | wrong)).json()

    with pytest.raises(SyncRefused, match=reason):
        await plan_simli(db, at_simli, settings, [UUID(agent["id"])])


async def test_an_import_makes_agents_once_and_owns_them(
    db: AsyncSession,
    at_simli: SimliClient,
    settings: Settings,
    stored: StoredAgents,
    client: httpx.AsyncClient,
) -> None:
    stored.agents["theirs"] = {
        "id": "theirs",
        "name": "Bea",
        "face_id": "face",
        "prompt": "You are Bea.",
        "first_message": "",
        "voice_provider": "cartesia",
        "llm_model": "gpt-4o-mini",
        "max_idle_time": 60,
    }

    await apply_import(db, settings, await plan_import(db, at_simli, settings, "mock"))

    [agent] = (await client.get("/v1/agents")).json()["items"]
    expected = {
        "name": "Bea",
        "system_prompt": "You are Bea.",
        "first_message": None,
        "voice_provider": "Cartesia",
        "model": "mock",
        "max_idle_time_s": 60,
        "simli_agent_id": "theirs",
    }
    assert expected.items() <= agent.items()
    assert await plan_import(db, at_simli, settings, "mock") == []
    [step] = await plan_simli(db, at_simli, settings)
    assert {difference.field for difference in step.differences} == {
        "language",
        "llm_provider",
        "llm_model",
        "llm_endpoint",
    }


@one_database_is_enough
@pytest.mark.parametrize(
    ("copy", "reason"),
    [({"llm_model": "gpt-4o"}, "'gpt-4o'.*--model"), ({"llm_model": "mock", "name": " "}, "/name")],
)
async def test_an_agent_that_cannot_be_imported_is_told(
    db: AsyncSession,
    at_simli: SimliClient,
    settings: Settings,
    stored: StoredAgents,
    copy: Json,
    reason: str,
) -> None:
    stored.agents["theirs"] = copy | {"id": "theirs"}

    with pytest.raises(SyncRefused, match=reason):
        await plan_import(db, at_simli, settings, None)


@one_database_is_enough
@pytest.mark.parametrize("command", ["plan", "apply", "import"])
def test_without_a_key_the_commands_say_what_to_do(
    tmp_path: Path, database_url: str, command: str
) -> None:
    config = tmp_path / "simli-llm.yaml"
    config.write_text(yaml.safe_dump({"database_url": database_url}))

    words = ["agents", "simli", command, "--config", str(config)]
    result = CliRunner().invoke(cli.app, words)

    assert (result.exit_code, "`simli.api_key` is not set" in result.stderr) == (2, True)
