from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.agents import service
from agents_admin.agents.schemas import AgentUpdate
from agents_admin.errors import Conflict
from agents_admin.settings import Settings
from tests.agents_admin.databases import one_database_is_enough

Change = dict[str, Any]


async def versions_of(client: httpx.AsyncClient, agent: dict[str, Any]) -> list[dict[str, Any]]:
    page = (await client.get(f"/v1/agents/{agent['id']}/versions")).json()
    versions: list[dict[str, Any]] = page["items"]
    return versions


async def test_a_new_agent_is_its_first_version(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    [version] = await versions_of(client, agent)

    assert (version["agent_id"], version["number"]) == (agent["id"], 1)
    assert version["created_at"] == agent["updated_at"]
    assert version["definition"].items() <= agent.items()


async def test_every_change_makes_a_version_and_leaves_the_older_ones(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    [first] = await versions_of(client, agent)
    await client.patch(f"/v1/agents/{agent['id']}", json={"labels": {"team": "sales"}})
    await client.post(f"/v1/agents/{agent['id']}/archive")

    archived, labelled, oldest = await versions_of(client, agent)

    assert (archived["number"], labelled["number"]) == (3, 2)
    assert archived["definition"]["archived_at"]
    assert labelled["definition"] == first["definition"] | {"labels": {"team": "sales"}}
    assert oldest == first


@pytest.mark.parametrize("change", [{}, {"name": "Ada"}, {"labels": {}}])
async def test_what_changes_nothing_makes_no_version(
    client: httpx.AsyncClient, agent: dict[str, Any], change: Change
) -> None:
    changed = await client.patch(f"/v1/agents/{agent['id']}", json=change)

    assert changed.json() == agent
    assert len(await versions_of(client, agent)) == 1


async def test_archiving_twice_is_one_change(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    first = (await client.post(f"/v1/agents/{agent['id']}/archive")).json()

    assert (await client.post(f"/v1/agents/{agent['id']}/archive")).json() == first


async def test_one_version_can_be_read(client: httpx.AsyncClient, agent: dict[str, Any]) -> None:
    await client.patch(f"/v1/agents/{agent['id']}", json={"name": "Grace"})

    version = (await client.get(f"/v1/agents/{agent['id']}/versions/1")).json()

    assert version["definition"]["name"] == "Ada"


async def test_versions_come_in_pages(client: httpx.AsyncClient, agent: dict[str, Any]) -> None:
    await client.patch(f"/v1/agents/{agent['id']}", json={"name": "Grace"})
    path = f"/v1/agents/{agent['id']}/versions"

    first = (await client.get(path, params={"limit": 1})).json()
    last = (await client.get(path, params={"cursor": first["next_cursor"]})).json()

    numbers = [version["number"] for version in first["items"] + last["items"]]
    assert (numbers, last["next_cursor"]) == ([2, 1], None)


@one_database_is_enough
@pytest.mark.parametrize("path", ["versions", "versions/1"])
async def test_an_unknown_agent_has_no_versions(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/v1/agents/{uuid4()}/{path}")).status_code == 404


@one_database_is_enough
async def test_a_version_that_never_was_is_not_found(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    assert (await client.get(f"/v1/agents/{agent['id']}/versions/2")).status_code == 404


@pytest.mark.parametrize("number", [0, 2**31, 2**70, "last"])
async def test_a_number_that_no_version_can_have_is_refused(
    client: httpx.AsyncClient, agent: dict[str, Any], number: int | str
) -> None:
    response = await client.get(f"/v1/agents/{agent['id']}/versions/{number}")

    assert response.status_code == 422
    assert [error["parameter"] for error in response.json()["errors"]] == ["number"]


async def test_versions_go_with_their_agent(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    await client.delete(f"/v1/agents/{agent['id']}")

    assert (await client.get(f"/v1/agents/{agent['id']}/versions/1")).status_code == 404


async def test_a_session_knows_the_version_it_runs(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    await client.patch(f"/v1/agents/{agent['id']}", json={"name": "Grace"})

    session = (await client.post(f"/v1/agents/{agent['id']}/sessions")).json()
    await client.patch(f"/v1/agents/{agent['id']}", json={"name": "Mary"})

    kept = (await client.get(f"/v1/sessions/{session['id']}")).json()
    assert (kept["agent_version"], kept["agent_name"]) == (2, "Grace")


@one_database_is_enough
async def test_the_etag_is_of_the_version(client: httpx.AsyncClient, agent: dict[str, Any]) -> None:
    path = f"/v1/agents/{agent['id']}"

    answers = [
        await client.get(path),
        await client.patch(path, json={"name": "Grace"}),
        await client.post(f"{path}/archive"),
        await client.post(f"{path}/unarchive"),
        await client.post(f"{path}/clone"),
    ]

    assert [answer.headers["etag"] for answer in answers] == ['"1"', '"2"', '"3"', '"4"', '"1"']


@one_database_is_enough
@pytest.mark.parametrize("if_match", ['"1"', '"7", "1"', "*"])
async def test_a_change_of_the_version_it_was_decided_on_is_made(
    client: httpx.AsyncClient, agent: dict[str, Any], if_match: str
) -> None:
    response = await client.patch(
        f"/v1/agents/{agent['id']}", json={"name": "Grace"}, headers={"if-match": if_match}
    )

    assert (response.status_code, response.json()["name"]) == (200, "Grace")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", ""), ("DELETE", ""), ("POST", "/archive"), ("POST", "/unarchive")],
)
@pytest.mark.parametrize("if_match", ['"2"', 'W/"1"', "1", ""])
@one_database_is_enough
async def test_a_change_of_another_version_is_refused(
    client: httpx.AsyncClient, agent: dict[str, Any], method: str, path: str, if_match: str
) -> None:
    response = await client.request(
        method, f"/v1/agents/{agent['id']}{path}", headers={"if-match": if_match}, json={}
    )

    assert response.status_code == 412
    assert response.json()["detail"].startswith("This is now version 1.")
    assert (await client.get(f"/v1/agents/{agent['id']}")).json() == agent


async def test_of_two_changes_at_once_one_is_refused(
    app: FastAPI, db: AsyncSession, settings: Settings, agent: dict[str, Any]
) -> None:
    mine = await service.get_agent(db, UUID(agent["id"]))
    await change_elsewhere(app, settings, agent)

    with pytest.raises(Conflict):
        await service.update_agent(db, settings, mine, AgentUpdate(name="Mary"))


async def test_what_is_changed_at_the_same_moment_is_not_deleted(
    app: FastAPI, db: AsyncSession, settings: Settings, agent: dict[str, Any]
) -> None:
    mine = await service.get_agent(db, UUID(agent["id"]))
    await change_elsewhere(app, settings, agent)

    with pytest.raises(Conflict):
        await service.delete_agent(db, mine)


async def change_elsewhere(app: FastAPI, settings: Settings, agent: dict[str, Any]) -> None:
    async with app.state.db_sessions() as db:
        theirs = await service.get_agent(db, UUID(agent["id"]))
        await service.update_agent(db, settings, theirs, AgentUpdate(name="Grace"))
