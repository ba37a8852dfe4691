from collections.abc import AsyncIterator

import httpx
import pytest

from agents_admin import simli
from agents_admin.settings import SimliSettings
from agents_admin.simli import SimliClient
from tests.agents_admin.simli.scripted import SIMLI_KEY, ScriptedSimli


@pytest.fixture
def fake() -> ScriptedSimli:
    return ScriptedSimli()


@pytest.fixture
def simli_key() -> str:
    return SIMLI_KEY


@pytest.fixture
async def client(fake: ScriptedSimli, simli_key: str) -> AsyncIterator[SimliClient]:
    settings = SimliSettings.model_validate(
        {"api_key": simli_key, "base_url": "http://simli.local/"}
    )
    async with simli.connect(settings, httpx.MockTransport(fake), fake.sleep) as client:
        yield client
