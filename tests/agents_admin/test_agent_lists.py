import json
from base64 import urlsafe_b64encode as b64encode
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.agents_admin.databases import one_database_is_enough

Create = list[dict[str, Any]]


@pytest.fixture
async def agents(client: httpx.AsyncClient) -> Create:
    """Made in this order; two have the same name."""
    wanted: Create = [
        {"name": "Bea", "labels": {"team": "sales", "site": "bern"}},
        {"name": "Ada", "labels": {"team": "sales"}},
        {"name": "100% Cy", "labels": {"team": "care"}},
        {"name": "Ada", "language": "fr"},
    ]
    return [
        (await client.post("/v1/agents", json=new | {"model": "mock"})).json() for new in wanted
    ]


async def names(client: httpx.AsyncClient, **params: Any) -> list[str]:
    page = (await client.get("/v1/agents", params=params)).json()
    return [agent["name"] for agent in page["items"]]


async def read_pages(client: httpx.AsyncClient, sort: str) -> list[dict[str, Any]]:
    """One agent a page."""
    read: list[dict[str, Any]] = []
    cursor = None
    while cursor or not read:
        params: dict[str, Any] = {"limit": 1, "sort": sort} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/agents", params=params)).json()
        read += page["items"]
        cursor = page["next_cursor"]
    return read


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("created_at", [0, 1, 2, 3]),
        ("-created_at", [3, 2, 1, 0]),
        ("name", [2, 1, 3, 0]),
        ("-name", [0, 3, 1, 2]),
        ("updated_at", [0, 2, 3, 1]),
        ("-updated_at", [1, 3, 2, 0]),
    ],
)
async def test_pages_follow_the_order_that_is_asked_for(
    client: httpx.AsyncClient, agents: Create, sort: str, order: Sequence[int]
) -> None:
    await client.patch(f"/v1/agents/{agents[1]['id']}", json={"language": "de"})

    read = await read_pages(client, sort)

    assert [agent["id"] for agent in read] == [agents[number]["id"] for number in order]


async def test_a_cursor_stays_right_when_its_row_is_gone(
    client: httpx.AsyncClient, agents: Create
) -> None:
    params: dict[str, Any] = {"limit": 2, "sort": "name"}
    page = (await client.get("/v1/agents", params=params)).json()
    await client.delete(f"/v1/agents/{page['items'][-1]['id']}")

    assert await names(client, **params, cursor=page["next_cursor"]) == ["Ada", "Bea"]


@one_database_is_enough
@pytest.mark.parametrize("sort", ["name", "created_at", "-updated_at"])
async def test_a_cursor_of_another_order_is_refused(
    client: httpx.AsyncClient, agents: Create, sort: str
) -> None:
    page = (await client.get("/v1/agents", params={"limit": 1, "sort": "-name"})).json()

    params = {"cursor": page["next_cursor"], "sort": sort}
    response = await client.get("/v1/agents", params=params)

    assert response.status_code == 422
    assert [error["parameter"] for error in response.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("name", "a\0"),
        ("name", "\ud800"),
        ("name", 1),
        ("created_at", "2026-11-24T10:00:00"),
        ("created_at", "0001-01-01T00:00:00+05:00"),
        ("created_at", "yesterday"),
    ],
)
async def test_a_cursor_that_nobody_was_given_is_refused(
    client: httpx.AsyncClient, sort: str, value: Any
) -> None:
    cursor = b64encode(json.dumps([sort, value, str(uuid4())]).encode()).decode()

    response = await client.get("/v1/agents", params={"sort": sort, "cursor": cursor})

    assert response.status_code == 422
    assert [error["parameter"] for error in response.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"label": "team:sales"}, ["Ada", "Bea"]),
        ({"label": ["team:sales", "site:bern"]}, ["Bea"]),
        ({"label": "team:"}, []),
        ({"label": "te.am:sales"}, []),
        ({"q": "bE"}, ["Bea"]),
        ({"q": "%"}, ["100% Cy"]),
        ({"model": "mock"}, ["Ada", "100% Cy", "Ada", "Bea"]),
        ({"model": "gpt"}, []),
        ({"archived": True}, []),
    ],
)
async def test_a_list_holds_what_is_asked_for(
    client: httpx.AsyncClient, agents: Create, params: dict[str, Any], found: list[str]
) -> None:
    assert await names(client, **params) == found


async def test_archived_agents_are_listed_apart(client: httpx.AsyncClient, agents: Create) -> None:
    await client.post(f"/v1/agents/{agents[0]['id']}/archive")

    assert await names(client) == ["Ada", "100% Cy", "Ada"]
    assert await names(client, archived=True) == ["Bea"]


@one_database_is_enough
@pytest.mark.parametrize(
    "params",
    [{"sort": "model"}, {"label": "team"}, {"q": ""}, {"q": "a\0"}, {"archived": "perhaps"}],
)
async def test_a_filter_that_cannot_be_is_refused_by_name(
    client: httpx.AsyncClient, params: dict[str, str]
) -> None:
    response = await client.get("/v1/agents", params=params)

    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"].split(".")[0] in params
