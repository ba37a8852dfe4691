from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin import migrate
from agents_admin.keys.revoked import GRACE, DatabaseRevocations
from agents_admin.models import AgentSession, ServiceKey, SessionStatus, utc_now
from agents_admin.serve import Role, make_process
from agents_admin.settings import Settings
from llm_server.settings import KeySettings
from tests.agents_admin.databases import one_database_is_enough
from tests.agents_admin.keys.conftest import bearer


@pytest.fixture
def revocations(app: FastAPI) -> DatabaseRevocations:
    return DatabaseRevocations(app.state.db_sessions)


async def make_service_key(client: httpx.AsyncClient) -> dict[str, Any]:
    response = await client.post(
        "/v1/keys/service", json={"name": "Kiosk", "scopes": ["models"], "expires_in_s": 3600}
    )
    created: dict[str, Any] = response.json()
    return created


async def revoke(client: httpx.AsyncClient, created: dict[str, Any]) -> None:
    response = await client.post(f"/v1/keys/service/{created['id']}/revoke")
    assert response.status_code == 200


async def test_revoked_service_keys_are_refused(
    client: httpx.AsyncClient, revocations: DatabaseRevocations
) -> None:
    revoked, _ = await make_service_key(client), await make_service_key(client)

    await revoke(client, revoked)

    assert await revocations.fetch() == {revoked["id"]}


async def test_keys_that_have_expired_need_no_place_in_the_list(
    client: httpx.AsyncClient, revocations: DatabaseRevocations, db: AsyncSession
) -> None:
    await revoke(client, await make_service_key(client))
    await db.execute(update(ServiceKey).values(expires_at=utc_now()))
    await db.commit()

    assert await revocations.fetch() == set()


@pytest.mark.parametrize(
    ("status", "ended_ago", "refused"),
    [
        (SessionStatus.STARTING, None, False),
        (SessionStatus.ACTIVE, None, False),
        (SessionStatus.ENDED, GRACE, True),
        (SessionStatus.ENDED, GRACE / 2, False),
        (SessionStatus.FAILED, timedelta(0), True),
    ],
)
async def test_the_key_of_a_session_ends_with_it(
    revocations: DatabaseRevocations,
    db: AsyncSession,
    session: dict[str, Any],
    status: SessionStatus,
    ended_ago: timedelta | None,
    refused: bool,
) -> None:
    ended_at = None if ended_ago is None else utc_now() - ended_ago
    await db.execute(update(AgentSession).values(status=status, ended_at=ended_at))
    await db.commit()

    assert await revocations.fetch() == ({session["id"]} if refused else set())


async def test_sessions_long_gone_need_no_place_in_the_list(
    revocations: DatabaseRevocations, db: AsyncSession, session: dict[str, Any]
) -> None:
    past = utc_now() - timedelta(seconds=1)
    await db.execute(update(AgentSession).values(status=SessionStatus.ENDED, expires_at=past))
    await db.commit()

    assert await revocations.fetch() == set()


@asynccontextmanager
async def running(settings: Settings, role: Role) -> AsyncIterator[httpx.AsyncClient]:
    """A whole process, which looks at revocations all the time."""
    settings = settings.replace(keys=KeySettings(revocations_refresh_s=0.02))
    process = make_process(settings, role)
    transport = httpx.ASGITransport(process)
    async with (
        LifespanManager(process),
        httpx.AsyncClient(transport=transport, base_url="http://llm.example") as llm,
    ):
        yield llm


async def refusal(llm: httpx.AsyncClient, created: dict[str, Any]) -> None:
    while True:
        response = await llm.get("/v1/models", headers=bearer(created))
        if response.status_code == 401:
            return
        await anyio.sleep(0.01)


@pytest.mark.parametrize("role", [Role.ALL, Role.LLM])
async def test_the_streaming_server_refuses_a_key_that_was_revoked_meanwhile(
    client: httpx.AsyncClient, settings: Settings, role: Role
) -> None:
    created = await make_service_key(client)

    async with running(settings, role) as llm:
        before = await llm.get("/v1/models", headers=bearer(created))
        await revoke(client, created)
        with anyio.fail_after(10):
            await refusal(llm, created)

    assert before.status_code == 200


@one_database_is_enough
async def test_the_streaming_server_goes_on_without_its_database(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    revoked, good = await make_service_key(client), await make_service_key(client)
    await revoke(client, revoked)

    async with running(settings, Role.LLM) as llm:
        await migrate.downgrade(settings.database_url, "base")
        refused = await llm.get("/v1/models", headers=bearer(revoked))
        answered = await llm.get("/v1/models", headers=bearer(good))

    assert refused.status_code == 401
    assert answered.status_code == 200
