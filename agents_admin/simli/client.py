"""Simli's whole REST API, typed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx

from agents_admin.settings import SimliSettings
from agents_admin.simli.agents import AgentCalls
from agents_admin.simli.calls import TIMEOUT, Sleep
from agents_admin.simli.compose import ComposeCalls
from agents_admin.simli.faces import FaceCalls
from agents_admin.simli.history import HistoryCalls
from agents_admin.simli.sessions import SessionCalls
from agents_admin.simli.tokens import TokenCalls
from agents_admin.simli.transcripts import TranscriptCalls
from agents_admin.simli.videos import VideoCalls


class SimliClient(
    SessionCalls,
    TranscriptCalls,
    TokenCalls,
    AgentCalls,
    FaceCalls,
    ComposeCalls,
    HistoryCalls,
    VideoCalls,
):
    """Every method raises a SimliError and nothing else.

    What changes nothing is asked up to three times. What changes something is repeated only if
    Simli cannot have heard of it, and a start also if Simli was too busy to begin.
    """


@asynccontextmanager
async def connect(
    settings: SimliSettings,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Sleep = anyio.sleep,
) -> AsyncIterator[SimliClient]:
    """A client for as long as the block runs. Without a key it starts, and refuses most calls."""
    key = settings.api_key.get_secret_value().strip() if settings.api_key else ""
    async with httpx.AsyncClient(
        base_url=settings.base_url, timeout=TIMEOUT, transport=transport
    ) as http:
        yield SimliClient(http, key, sleep)
