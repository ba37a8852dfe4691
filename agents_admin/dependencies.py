"""What endpoints ask for, next to `Db`."""

from typing import Annotated

from fastapi import Depends, Request

from agents_admin.settings import Settings
from agents_admin.simli import SimliClient


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _simli(request: Request) -> SimliClient:
    client: SimliClient = request.app.state.simli
    return client


AppSettings = Annotated[Settings, Depends(_settings)]
Simli = Annotated[SimliClient, Depends(_simli)]
