import logging
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin import migrate
from agents_admin.models import AdminKey, utc_now
from agents_admin.settings import Settings
from tests.agents_admin.databases import one_database_is_enough
from tests.agents_admin.keys.conftest import AdminKeyMaker, bearer


async def test_a_key_opens_the_api(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker
) -> None:
    created = await make_admin_key()

    response = await client.get("/v1/agents", headers=bearer(created))

    assert response.status_code == 200


async def test_a_key_is_shown_once(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker, db: AsyncSession
) -> None:
    created = await make_admin_key(name="The console")

    listed = await client.get("/v1/keys/admin")
    [row] = (await db.execute(AdminKey.__table__.select())).mappings()

    assert created["key"].startswith("sk-admin-")
    assert created["key"].startswith(created["prefix"])
    assert [key["name"] for key in listed.json()["items"]] == ["The console"]
    secret = created["key"].removeprefix(created["prefix"])
    assert secret not in listed.text
    assert secret not in str(row)


async def test_a_key_is_not_logged(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    created = await make_admin_key()
    await client.get("/v1/agents", headers=bearer(created))

    assert created["key"].removeprefix("sk-admin-") not in caplog.text


async def test_a_revoked_key_opens_nothing(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker
) -> None:
    created = await make_admin_key()

    revoked = await client.post(f"/v1/keys/admin/{created['id']}/revoke")
    response = await client.get("/v1/agents", headers=bearer(created))

    assert revoked.json()["revoked_at"]
    assert response.status_code == 401
    assert response.json()["detail"] == "The key has been revoked."


async def test_revoking_again_changes_nothing(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker
) -> None:
    path = f"/v1/keys/admin/{(await make_admin_key())['id']}/revoke"

    first, second = await client.post(path), await client.post(path)

    assert first.json() == second.json()


async def test_an_unknown_key_cannot_be_revoked(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/keys/admin/00000000-0000-0000-0000-000000000000/revoke")

    assert response.status_code == 404


async def test_an_expired_key_opens_nothing(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker, db: AsyncSession
) -> None:
    created = await make_admin_key(expires_in_s=3600)
    before = await client.get("/v1/agents", headers=bearer(created))
    await db.execute(update(AdminKey).values(expires_at=utc_now()))
    await db.commit()

    response = await client.get("/v1/agents", headers=bearer(created))

    assert before.status_code == 200
    assert response.status_code == 401
    assert response.json()["detail"] == "The key has expired."


async def test_its_last_use_is_written_behind_the_requests(
    app: FastAPI, client: httpx.AsyncClient, make_admin_key: AdminKeyMaker
) -> None:
    used, _ = await make_admin_key(), await make_admin_key()
    await client.get("/v1/agents", headers=bearer(used))
    before = (await client.get("/v1/keys/admin")).json()["items"]

    await app.state.last_uses.write()

    after = (await client.get("/v1/keys/admin")).json()["items"]
    assert [key["last_used_at"] for key in before] == [None, None]
    assert [key["id"] for key in after if key["last_used_at"]] == [used["id"]]


@one_database_is_enough
async def test_a_last_use_waits_for_a_database_that_fails(
    app: FastAPI,
    client: httpx.AsyncClient,
    make_admin_key: AdminKeyMaker,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await client.get("/v1/agents", headers=bearer(await make_admin_key()))
    await migrate.downgrade(settings.database_url, "base")

    await app.state.last_uses.write()
    await app.state.last_uses.write()

    lines = [line for line in caplog.messages if line.startswith("last uses of keys wait")]
    assert len(lines) == 2


async def test_keys_come_in_pages(client: httpx.AsyncClient, make_admin_key: AdminKeyMaker) -> None:
    made = [(await make_admin_key())["id"] for _ in range(3)]

    first = (await client.get("/v1/keys/admin", params={"limit": 2})).json()
    rest = await client.get("/v1/keys/admin", params={"cursor": first["next_cursor"]})

    assert [key["id"] for key in first["items"]] == [made[2], made[1]]
    assert [key["id"] for key in rest.json()["items"]] == [made[0]]
    assert rest.json()["next_cursor"] is None


@one_database_is_enough
@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "a\0b"}, "/name"),
        ({"role": "owner"}, "/role"),
        ({"expires_in_s": 0}, "/expires_in_s"),
        ({"expires_in_s": 10**12}, "/expires_in_s"),
        ({"key": "sk-admin-mine"}, "/key"),
    ],
)
async def test_wrong_wishes_are_refused(
    client: httpx.AsyncClient, wrong: dict[str, Any], pointer: str
) -> None:
    response = await client.post("/v1/keys/admin", json={"name": "Ada", "role": "viewer", **wrong})

    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


@one_database_is_enough
async def test_keys_outlive_a_change_of_the_session_secret(
    app: FastAPI, client: httpx.AsyncClient, make_admin_key: AdminKeyMaker, settings: Settings
) -> None:
    headers = bearer(await make_admin_key())
    changed = settings.replace(session_secret=SecretStr("another secret for tests"))

    app.state.settings = changed
    without = await client.get("/v1/agents", headers=headers)
    app.state.settings = changed.replace(previous_session_secrets=[settings.session_secret])
    with_previous = await client.get("/v1/agents", headers=headers)

    assert without.status_code == 401
    assert with_previous.status_code == 200


@one_database_is_enough
async def test_with_a_pepper_the_session_secret_does_not_matter(
    app: FastAPI, client: httpx.AsyncClient, make_admin_key: AdminKeyMaker, settings: Settings
) -> None:
    admin = settings.admin.model_copy(update={"pepper": SecretStr("a pepper for tests")})
    app.state.settings = settings.replace(admin=admin)
    headers = bearer(await make_admin_key())

    app.state.settings = settings.replace(admin=admin, session_secret=None)
    response = await client.get("/v1/agents", headers=headers)

    assert response.status_code == 200


@one_database_is_enough
async def test_without_any_secret_no_key_is_made(
    app: FastAPI, client: httpx.AsyncClient, settings: Settings
) -> None:
    app.state.settings = settings.replace(session_secret=None)

    response = await client.post("/v1/keys/admin", json={"name": "Ada", "role": "viewer"})

    assert response.status_code == 503
    assert "`session_secret`" in response.json()["detail"]


async def test_a_made_up_key_opens_nothing(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/agents", headers={"authorization": "Bearer sk-admin-made-up"})

    assert response.status_code == 401
    assert "made-up" not in response.text
