import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.app import create_app
from agents_admin.settings import AdminSettings, Settings, SimliSettings
from tests.agents_admin.databases import (
    Databases,
    PostgresqlDatabases,
    SqliteDatabases,
    postgresql_server,
)
from tests.agents_admin.fake_simli import SIMLI_KEY, FakeSimli

ADMIN_KEY = "admin-key-1"


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[PostgresqlDatabases]:
    # Not in pytest's folder: its path is too long for a Unix socket.
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        postgresql_server(Path(folder) / "postgresql") as url,
    ):
        yield PostgresqlDatabases(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    found: Databases = request.getfixturevalue(f"{request.param}_databases")
    return found


@pytest.fixture
def database_url(databases: Databases) -> str:
    return databases.migrated()


@pytest.fixture
def simli_key() -> str | None:
    return SIMLI_KEY


@pytest.fixture
def settings(database_url: str, simli_key: str | None) -> Settings:
    return Settings.model_validate(
        {
            "database_url": database_url,
            "public_url": "https://llm.example",
            "session_secret": "a secret for tests",
            "simli": SimliSettings.model_validate({"api_key": simli_key}),
            "admin": AdminSettings.model_validate({"keys": ["another-admin-key", ADMIN_KEY]}),
        }
    )


@pytest.fixture
def simli() -> FakeSimli:
    return FakeSimli()


@pytest.fixture
async def app(settings: Settings, simli: FakeSimli) -> AsyncIterator[FastAPI]:
    app = create_app(settings, simli_transport=httpx.MockTransport(simli), simli_sleep=simli.sleep)
    async with LifespanManager(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        # As a server does: an unexpected error is answered, and not raised here.
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://admin.example",
        headers={"authorization": f"Bearer {ADMIN_KEY}"},
    ) as client:
        yield client


@pytest.fixture
async def db(app: FastAPI) -> AsyncIterator[AsyncSession]:
    async with app.state.db_sessions() as db:
        yield db


@pytest.fixture
async def agent(client: httpx.AsyncClient) -> dict[str, Any]:
    response = await client.post("/v1/agents", json={"name": "Ada", "model": "mock"})
    body: dict[str, Any] = response.json()
    return body


@pytest.fixture
async def session(client: httpx.AsyncClient, agent: dict[str, Any]) -> dict[str, Any]:
    response = await client.post(f"/v1/agents/{agent['id']}/sessions")
    body: dict[str, Any] = response.json()
    return body
