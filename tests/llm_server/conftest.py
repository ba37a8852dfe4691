import time
from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import openai
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from llm_server import SessionClaims, SessionKeys, Settings, create_app
from llm_server.model_settings import ModelSettings
from llm_server.settings import Lifetime, Limits
from tests.llm_server.fakes import ListSink, ScriptedBackend, says
from tests.llm_server.servers import serve
from tests.llm_server.wire import API_KEY, MODEL, SECRET, caller

SESSION_ID = UUID("0190a1b2-0000-7000-8000-000000000001")
AGENT_ID = UUID("0190a1b2-0000-7000-8000-000000000002")


@pytest.fixture
def settings() -> Settings:
    return Settings(
        api_keys=[SecretStr(API_KEY)],
        session_secret=SecretStr(SECRET),
        limits=Limits(body_bytes=20_000),
        lifetime=Lifetime(ping_s=0.5),
    )


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend(says("Hello", " there."))


@pytest.fixture
def sink() -> ListSink:
    return ListSink()


@pytest.fixture
def app(settings: Settings, sink: ListSink, backend: ScriptedBackend) -> FastAPI:
    return create_app(settings, sink, backends={MODEL: backend})


@pytest.fixture
async def url(app: FastAPI) -> AsyncIterator[str]:
    async with serve(app) as url:
        yield url


@pytest.fixture
def claims() -> SessionClaims:
    return SessionClaims(
        session_id=SESSION_ID,
        agent_id=AGENT_ID,
        model=MODEL,
        language="de",
        expires_at=int(time.time()) + 600,
    )


@pytest.fixture
def session_key(claims: SessionClaims) -> str:
    return SessionKeys(SECRET).sign(claims)


@pytest.fixture
async def client(url: str) -> AsyncIterator[openai.AsyncOpenAI]:
    """A plain API caller."""
    async with caller(url, API_KEY) as client:
        yield client


@pytest.fixture
async def avatar(url: str, session_key: str) -> AsyncIterator[openai.AsyncOpenAI]:
    """A caller with the key of a session that is spoken in German."""
    async with caller(url, session_key) as client:
        yield client


@pytest.fixture
async def http(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """For bytes, statuses and headers, with the key of a plain API caller."""
    headers = {"authorization": f"Bearer {API_KEY}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=10) as http:
        yield http


@pytest.fixture
async def avatar_http(url: str, session_key: str) -> AsyncIterator[httpx2.AsyncClient]:
    """For bytes, statuses and headers, with the key of a session."""
    headers = {"authorization": f"Bearer {session_key}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=10) as http:
        yield http


@pytest.fixture
async def relay_url(url: str, settings: Settings) -> AsyncIterator[str]:
    """A second server, whose upstream is the first."""
    options = {"base_url": f"{url}/v1", "api_key": API_KEY}
    models = {MODEL: ModelSettings(backend="openai", options=options)}
    app = create_app(settings.model_copy(update={"models": models}), ListSink())
    async with serve(app) as relay_url:
        yield relay_url


@pytest.fixture
async def relay_client(relay_url: str) -> AsyncIterator[openai.AsyncOpenAI]:
    async with caller(relay_url, API_KEY) as client:
        yield client


@pytest.fixture
async def relay_http(relay_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": f"Bearer {API_KEY}"}
    async with httpx2.AsyncClient(base_url=relay_url, headers=headers, timeout=10) as http:
        yield http
