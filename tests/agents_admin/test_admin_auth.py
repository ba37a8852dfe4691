import httpx
import pytest
from fastapi import FastAPI

from agents_admin.settings import AdminSettings
from tests.agents_admin.databases import one_database_is_enough

pytestmark = one_database_is_enough


@pytest.mark.parametrize("key", ["admin-key-1", "another-admin-key"])
async def test_each_admin_key_opens_the_api(client: httpx.AsyncClient, key: str) -> None:
    response = await client.get("/v1/agents", headers={"authorization": f"Bearer {key}"})

    assert response.status_code == 200


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic admin-key-1", "admin-key-1"]
)
async def test_nothing_else_opens_the_api(client: httpx.AsyncClient, authorization: str) -> None:
    response = await client.get("/v1/agents", headers={"authorization": authorization})

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["content-type"] == "application/problem+json"
    assert "wrong" not in response.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/agents"),
        ("POST", "/v1/agents/00000000-0000-0000-0000-000000000000/sessions"),
        ("GET", "/v1/sessions"),
        ("GET", "/v1/sessions/00000000-0000-0000-0000-000000000000/turns"),
        ("POST", "/v1/sessions/00000000-0000-0000-0000-000000000000/transcript/pull"),
    ],
)
async def test_every_part_needs_a_key(client: httpx.AsyncClient, method: str, path: str) -> None:
    response = await client.request(method, path, headers={"authorization": ""})

    assert response.status_code == 401


async def test_without_configured_keys_nobody_may_call(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    app.state.settings = app.state.settings.replace(admin=AdminSettings())

    response = await client.get("/v1/agents")

    assert response.status_code == 401
    assert "Set `admin.keys`" in response.json()["detail"]


async def test_health_needs_no_key(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/health", headers={"authorization": ""})

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
