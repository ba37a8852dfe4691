from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.agents_admin.databases import one_database_is_enough

NEW: dict[str, Any] = {"name": "Ada", "model": "mock"}
FULL: dict[str, Any] = {
    "name": "Ada",
    "face_id": "tmp9i8bbq7c",
    "voice_provider": "ElevenLabs",
    "voice_id": "21m00Tcm4TlvDq8ikWAM",
    "voice_model": "eleven_flash_v2",
    "language": "de-CH",
    "first_message": "Grüezi!",
    "system_prompt": "You are Ada.",
    "model": "mock",
    "voice_policy": "default",
    "max_session_length_s": 600,
    "max_idle_time_s": 60,
    "create_transcript": False,
    "labels": {"team": "sales"},
}


async def test_a_new_agent_has_defaults(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/agents", json=NEW)

    assert response.status_code == 201
    agent = response.json()
    assert agent["language"] == "en"
    assert agent["max_session_length_s"] == 3600
    assert agent["max_idle_time_s"] == 300
    assert agent["create_transcript"] is True
    assert agent["face_id"] is None
    assert agent["voice_policy"] is None


async def test_an_agent_is_kept_as_it_was_told(client: httpx.AsyncClient) -> None:
    created = (await client.post("/v1/agents", json=FULL)).json()

    agent = (await client.get(f"/v1/agents/{created['id']}")).json()

    assert agent == created
    assert FULL.items() <= agent.items()


async def test_times_are_told_in_utc(agent: dict[str, Any], client: httpx.AsyncClient) -> None:
    read = (await client.get(f"/v1/agents/{agent['id']}")).json()

    assert read["created_at"].endswith("Z")
    assert read["created_at"] == agent["created_at"]


@one_database_is_enough
@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"model": "gpt-99"}, "/model"),
        ({"voice_policy": "shy"}, "/voice_policy"),
        ({"name": "  "}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"name": None}, "/name"),
        ({"name": "a\0b"}, "/name"),
        ({"system_prompt": "x" * 50_001}, "/system_prompt"),
        ({"first_message": ""}, "/first_message"),
        ({"voice_provider": "elevenlabs"}, "/voice_provider"),
        ({"language": "klingon!"}, "/language"),
        ({"max_session_length_s": 0}, "/max_session_length_s"),
        ({"max_idle_time_s": "60"}, "/max_idle_time_s"),
        ({"create_transcript": "yes"}, "/create_transcript"),
        ({"labels": {"Team": "sales"}}, "/labels/Team"),
        ({"labels": {"team": "a\0b"}}, "/labels/team"),
        ({"labels": {f"key-{number}": "" for number in range(33)}}, "/labels"),
        ({"nmae": "Ada"}, "/nmae"),
        ({"a/b~c": 1}, "/a~1b~0c"),
    ],
)
async def test_wrong_values_are_refused_by_name(
    client: httpx.AsyncClient, agent: dict[str, Any], wrong: dict[str, Any], pointer: str
) -> None:
    created = await client.post("/v1/agents", json=NEW | wrong)
    changed = await client.patch(f"/v1/agents/{agent['id']}", json=wrong)

    for response in (created, changed):
        assert response.status_code == 422
        assert response.json()["type"] == "/problems/validation"
        assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


@one_database_is_enough
async def test_an_unknown_model_is_answered_with_the_known_ones(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/agents", json=NEW | {"model": "gpt-99"})

    [error] = response.json()["errors"]
    assert error["detail"] == "expected one of the settings' models: mock"


@one_database_is_enough
async def test_an_unknown_voice_policy_is_answered_with_the_known_ones(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    response = await client.patch(f"/v1/agents/{agent['id']}", json={"voice_policy": "shy"})

    [error] = response.json()["errors"]
    assert error["detail"] == "expected one of the settings' voices: default"


@one_database_is_enough
async def test_name_and_model_are_required(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/agents", json={})

    assert {error["pointer"] for error in response.json()["errors"]} == {"/name", "/model"}


async def test_a_change_leaves_the_rest(client: httpx.AsyncClient) -> None:
    agent = (await client.post("/v1/agents", json=FULL)).json()

    response = await client.patch(f"/v1/agents/{agent['id']}", json={"name": "Grace"})

    assert response.status_code == 200
    changed = response.json()
    assert changed.pop("updated_at") > agent.pop("updated_at")
    assert changed == agent | {"name": "Grace", "version": 2}


async def test_null_gives_a_choice_back_to_simli(client: httpx.AsyncClient) -> None:
    agent = (await client.post("/v1/agents", json=FULL)).json()

    await client.patch(f"/v1/agents/{agent['id']}", json={"voice_provider": None, "face_id": None})

    changed = (await client.get(f"/v1/agents/{agent['id']}")).json()
    assert changed["voice_provider"] is None
    assert changed["face_id"] is None


async def test_null_leaves_the_voice_policy_to_the_model(client: httpx.AsyncClient) -> None:
    agent = (await client.post("/v1/agents", json=FULL)).json()

    changed = await client.patch(f"/v1/agents/{agent['id']}", json={"voice_policy": None})

    assert changed.json()["voice_policy"] is None


async def test_a_deleted_agent_is_gone(client: httpx.AsyncClient, agent: dict[str, Any]) -> None:
    response = await client.delete(f"/v1/agents/{agent['id']}")

    assert response.status_code == 204
    assert (await client.get(f"/v1/agents/{agent['id']}")).status_code == 404


async def test_deleting_an_agent_keeps_its_sessions(
    client: httpx.AsyncClient, agent: dict[str, Any], session: dict[str, Any]
) -> None:
    await client.delete(f"/v1/agents/{agent['id']}")

    kept = (await client.get(f"/v1/sessions/{session['id']}")).json()
    assert kept["agent_id"] is None
    assert kept["agent_name"] == "Ada"


@one_database_is_enough
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_an_unknown_agent_is_not_found(client: httpx.AsyncClient, method: str) -> None:
    agent_id = uuid4()

    response = await client.request(method, f"/v1/agents/{agent_id}", json={})

    assert response.status_code == 404
    assert response.json()["detail"] == f"There is no agent {agent_id}."


async def test_agents_are_listed_newest_first_in_pages(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.post("/v1/agents", json=NEW | {"name": f"{number}"})

    pages: list[list[str]] = []
    cursor = None
    while cursor or not pages:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/agents", params=params)).json()
        pages.append([agent["name"] for agent in page["items"]])
        cursor = page["next_cursor"]

    assert pages == [["4", "3"], ["2", "1"], ["0"]]


async def test_a_full_last_page_has_no_next(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        await client.post("/v1/agents", json=NEW)

    page = (await client.get("/v1/agents", params={"limit": 2})).json()

    assert len(page["items"]) == 2
    assert page["next_cursor"] is None


async def test_a_clone_is_like_its_original_but_for_what_is_sent(
    client: httpx.AsyncClient,
) -> None:
    original = (await client.post("/v1/agents", json=FULL)).json()

    response = await client.post(f"/v1/agents/{original['id']}/clone", json={"language": "fr"})

    assert response.status_code == 201
    clone = response.json()
    assert clone["id"] != original["id"]
    assert (FULL | {"name": "Copy of Ada", "language": "fr"}).items() <= clone.items()


@one_database_is_enough
async def test_a_clone_needs_no_body_and_a_long_name_fits(client: httpx.AsyncClient) -> None:
    original = (await client.post("/v1/agents", json=NEW | {"name": "x" * 200})).json()

    clone = (await client.post(f"/v1/agents/{original['id']}/clone")).json()

    assert clone["name"] == f"Copy of {'x' * 192}"


@one_database_is_enough
async def test_a_clone_is_told_what_is_wrong(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    response = await client.post(f"/v1/agents/{agent['id']}/clone", json={"model": "gpt-99"})

    assert [error["pointer"] for error in response.json()["errors"]] == ["/model"]


async def test_a_clone_of_an_archived_agent_is_not_archived(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    await client.post(f"/v1/agents/{agent['id']}/archive")

    clone = await client.post(f"/v1/agents/{agent['id']}/clone")

    assert clone.json()["archived_at"] is None


@one_database_is_enough
async def test_a_clone_is_kept_by_no_file(client: httpx.AsyncClient) -> None:
    labels = {"managed-by": "yaml", "yaml-key": "desk", "team": "sales"}
    original = (await client.post("/v1/agents", json=NEW | {"labels": labels})).json()

    clone = await client.post(f"/v1/agents/{original['id']}/clone")

    assert clone.json()["labels"] == {"team": "sales"}


async def test_an_archived_agent_starts_no_session(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    archived = (await client.post(f"/v1/agents/{agent['id']}/archive")).json()

    refused = await client.post(f"/v1/agents/{agent['id']}/sessions")

    assert archived["archived_at"]
    assert refused.status_code == 409
    assert f"POST /v1/agents/{agent['id']}/unarchive" in refused.json()["detail"]
    assert (await client.get("/v1/sessions")).json()["items"] == []


async def test_an_agent_that_is_used_again_starts_sessions(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    await client.post(f"/v1/agents/{agent['id']}/archive")

    back = (await client.post(f"/v1/agents/{agent['id']}/unarchive")).json()

    assert back["archived_at"] is None
    assert (await client.post(f"/v1/agents/{agent['id']}/sessions")).status_code == 201


@one_database_is_enough
@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "201"}, {"cursor": "next"}])
async def test_wrong_paging_is_refused_by_name(
    client: httpx.AsyncClient, params: dict[str, str]
) -> None:
    response = await client.get("/v1/agents", params=params)

    assert response.status_code == 422
    assert [error["parameter"] for error in response.json()["errors"]] == [*params]
