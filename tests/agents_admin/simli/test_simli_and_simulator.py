"""The client and the local Simli were written apart, from the same document."""

from collections.abc import AsyncIterator

import httpx
import pytest
from asgi_lifespan import LifespanManager

from agents_admin import simli, simulator
from agents_admin.settings import SimliSettings
from agents_admin.simli import (
    SimliClient,
    SimliRejected,
    StartSession,
    TranscriptNotReady,
)
from tests.agents_admin.simli.scripted import SIMLI_KEY


@pytest.fixture
async def client(simli_key: str) -> AsyncIterator[SimliClient]:
    app = simulator.create_app(simulator.load_sample(), api_key=SIMLI_KEY)
    settings = SimliSettings.model_validate(
        {"api_key": simli_key, "base_url": "http://simli.local"}
    )
    async with (
        LifespanManager(app),
        simli.connect(settings, httpx.ASGITransport(app)) as client,
    ):
        yield client


async def test_a_session_is_started_and_counted(client: SimliClient) -> None:
    started = await client.start_session(StartSession(create_transcript=True))

    assert started.room_url.startswith("http://simli.local/rooms/")
    # Without a custom LLM the conversation ends at once, which is not waited for here.
    assert (await client.usage()).current_usage in (0, 1)
    assert {record.id for record in await client.list_history()} <= {started.session_id}


async def test_a_session_that_is_not_known_has_no_transcript(client: SimliClient) -> None:
    assert isinstance(await client.transcript("unknown"), TranscriptNotReady)


@pytest.mark.parametrize("simli_key", ["another key"])
async def test_another_key_is_refused(client: SimliClient) -> None:
    with pytest.raises(SimliRejected, match="401 Invalid API key"):
        await client.start_session(StartSession())
    with pytest.raises(SimliRejected, match="401 Invalid API key"):
        await client.usage()
