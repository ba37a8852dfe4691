from typing import Any

import httpx
import pytest
from sqlalchemy import text

from agents_admin import migrate
from agents_admin.settings import Settings
from tests.agents_admin.databases import one_database_is_enough
from tests.agents_admin.fake_simli import FakeSimli
from tests.agents_admin.keys.conftest import AdminKeyMaker, bearer


async def changes(client: httpx.AsyncClient, **wanted: str) -> list[dict[str, Any]]:
    response = await client.get("/v1/audit", params=wanted)
    assert response.status_code == 200
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def told(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["action"], entry["object_type"]) for entry in entries]


async def test_it_tells_who_did_what_to_what_and_when(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker
) -> None:
    key = await make_admin_key("operator", name="Console")

    response = await client.post(
        "/v1/agents", json={"name": "Ada", "model": "mock"}, headers=bearer(key)
    )

    [entry, _] = await changes(client)
    assert entry["actor_id"] == key["id"]
    assert entry["actor_name"] == "Console"
    assert (entry["action"], entry["object_type"]) == ("create", "agents")
    assert entry["object_id"] == response.json()["id"]
    assert entry["request_id"] == response.headers["x-request-id"]
    assert entry["at"] >= response.json()["created_at"]


async def test_every_kind_of_change_is_written_down(
    client: httpx.AsyncClient, agent: dict[str, Any], session: dict[str, Any], simli: FakeSimli
) -> None:
    simli.transcript = httpx.Response(200, json=[{"role": "user", "content": "Hi."}])
    await client.post(f"/v1/sessions/{session['id']}/transcript/pull")
    await client.patch(f"/v1/agents/{agent['id']}", json={"name": "Grace"})
    await client.delete(f"/v1/agents/{agent['id']}")
    for kind, body in ("admin", {"role": "viewer"}), ("service", {"scopes": ["chat"]}):
        made = await client.post(f"/v1/keys/{kind}", json={"name": "A key", **body})
        await client.post(f"/v1/keys/{kind}/{made.json()['id']}/revoke")

    assert told(await changes(client))[::-1] == [
        ("create", "agents"),
        ("start", "sessions"),
        ("pull_transcript", "sessions"),
        ("update", "agents"),
        ("delete", "agents"),
        ("create", "admin_keys"),
        ("revoke", "admin_keys"),
        ("create", "service_keys"),
        ("revoke", "service_keys"),
    ]


async def test_a_session_that_simli_refused_was_started_by_somebody(
    client: httpx.AsyncClient, agent: dict[str, Any], simli: FakeSimli
) -> None:
    simli.start = httpx.Response(500)

    response = await client.post(f"/v1/agents/{agent['id']}/sessions")

    [entry, _] = await changes(client)
    assert (entry["action"], entry["object_id"]) == ("start", response.json()["session_id"])


@one_database_is_enough
async def test_what_changes_nothing_is_no_change(
    client: httpx.AsyncClient, agent: dict[str, Any]
) -> None:
    path = f"/v1/agents/{agent['id']}"
    await client.get(path)
    await client.patch(path, json={"name": agent["name"]})
    await client.patch(path, json={"name": ""})
    await client.delete("/v1/agents/00000000-0000-0000-0000-000000000000")

    assert told(await changes(client)) == [("create", "agents")]


async def test_a_change_that_cannot_be_written_down_does_not_happen(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    drop = text("DROP TABLE audit_entries")
    await migrate.on_connection(settings.database_url, lambda connection: connection.execute(drop))

    response = await client.post("/v1/agents", json={"name": "Ada", "model": "mock"})

    assert response.status_code == 500
    assert (await client.get("/v1/agents")).json()["items"] == []


async def test_it_can_be_searched(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker, agent: dict[str, Any]
) -> None:
    key = await make_admin_key("admin")
    await client.delete(f"/v1/agents/{agent['id']}", headers=bearer(key))

    assert told(await changes(client, actor=key["id"])) == [("delete", "agents")]
    assert len(await changes(client, actor="config-1")) == 2
    assert len(await changes(client, object_id=agent["id"])) == 2
    assert told(await changes(client, object_type="admin_keys")) == [("create", "admin_keys")]
    assert told(await changes(client, action="delete")) == [("delete", "agents")]
    assert await changes(client, action="delete", object_type="admin_keys") == []


async def test_it_comes_in_pages(client: httpx.AsyncClient, make_admin_key: AdminKeyMaker) -> None:
    made = [(await make_admin_key())["id"] for _ in range(3)]

    first = (await client.get("/v1/audit", params={"limit": 2})).json()
    rest = await changes(client, cursor=first["next_cursor"])

    assert [entry["object_id"] for entry in [*first["items"], *rest]] == made[::-1]


@one_database_is_enough
async def test_it_holds_no_value(
    client: httpx.AsyncClient, agent: dict[str, Any], make_admin_key: AdminKeyMaker
) -> None:
    await client.patch(f"/v1/agents/{agent['id']}", json={"system_prompt": "A private prompt"})
    key = await make_admin_key()

    response = await client.get("/v1/audit")

    assert "A private prompt" not in response.text
    assert key["prefix"] not in response.text


@one_database_is_enough
@pytest.mark.parametrize(
    ("parameter", "value"),
    [("actor", "a\0b"), ("object_type", "a b"), ("object_id", "agents"), ("action", "dance")],
)
async def test_wrong_filters_are_refused(
    client: httpx.AsyncClient, parameter: str, value: str
) -> None:
    response = await client.get("/v1/audit", params={parameter: value})

    assert response.status_code == 422
    assert [error["parameter"] for error in response.json()["errors"]] == [parameter]


@one_database_is_enough
async def test_a_caller_does_not_choose_what_is_written_of_it(client: httpx.AsyncClient) -> None:
    body = {"name": "Ada", "model": "mock"}

    response = await client.post("/v1/agents", json=body, headers={"x-request-id": "mine"})

    [entry] = await changes(client)
    assert entry["request_id"].startswith("req_")
    assert response.headers.get_list("x-request-id") == [entry["request_id"]]


@one_database_is_enough
async def test_problems_have_a_request_id_too(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/nothing")

    assert response.headers["x-request-id"].startswith("req_")
