from datetime import datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from agents_admin.settings import Settings
from llm_server import ServiceKeys
from tests.agents_admin.databases import one_database_is_enough

NEW = {"name": "Kiosk", "scopes": ["models", "chat"]}


async def test_a_key_is_signed_with_its_scopes_and_end(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    assert settings.session_secret
    keys = ServiceKeys(settings.session_secret.get_secret_value())

    created = await client.post("/v1/keys/service", json={**NEW, "expires_in_s": 3600})
    forever = await client.post("/v1/keys/service", json=NEW)

    claims = keys.verify(created.json()["key"])
    assert created.status_code == 201
    assert claims.key_id == created.json()["id"]
    assert claims.scopes == {"chat", "models"}
    end = datetime.fromisoformat(created.json()["expires_at"])
    assert claims.expires_at == int(end.timestamp())
    assert keys.verify(forever.json()["key"]).expires_at is None


async def test_a_key_is_shown_once(client: httpx.AsyncClient) -> None:
    created = (await client.post("/v1/keys/service", json=NEW)).json()

    listed = await client.get("/v1/keys/service")

    key = created.pop("key")
    assert listed.json() == {"items": [created], "next_cursor": None}
    assert created["scopes"] == ["chat", "models"]
    assert key not in listed.text


async def test_a_revoked_key_stays_listed(client: httpx.AsyncClient) -> None:
    created = (await client.post("/v1/keys/service", json=NEW)).json()

    revoked = await client.post(f"/v1/keys/service/{created['id']}/revoke")

    assert revoked.json()["revoked_at"]
    assert (await client.get("/v1/keys/service")).json()["items"] == [revoked.json()]


async def test_an_unknown_key_cannot_be_revoked(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/keys/service/00000000-0000-0000-0000-000000000000/revoke")

    assert response.status_code == 404


@one_database_is_enough
@pytest.mark.parametrize(
    ("wrong", "pointer"), [({"scopes": []}, "/scopes"), ({"scopes": ["root"]}, "/scopes/0")]
)
async def test_wrong_scopes_are_refused(
    client: httpx.AsyncClient, wrong: dict[str, Any], pointer: str
) -> None:
    response = await client.post("/v1/keys/service", json={**NEW, **wrong})

    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


@one_database_is_enough
async def test_without_a_secret_no_key_is_made(
    app: FastAPI, client: httpx.AsyncClient, settings: Settings
) -> None:
    app.state.settings = settings.replace(session_secret=None)

    response = await client.post("/v1/keys/service", json=NEW)

    assert response.status_code == 503
    assert (await client.get("/v1/keys/service")).json()["items"] == []
