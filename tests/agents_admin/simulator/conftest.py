from collections.abc import AsyncIterator

import pytest

from tests.agents_admin.simulator.stage import Onlooker, ScriptedLlm, serve


@pytest.fixture
async def llm() -> AsyncIterator[ScriptedLlm]:
    scripted = ScriptedLlm()
    async with serve(scripted.app) as scripted.url:
        yield scripted


@pytest.fixture
async def onlooker() -> Onlooker:
    return Onlooker()
