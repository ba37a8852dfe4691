"""Simli Compose, as far as it is REST: tokens for an avatar without a mind. No avatar follows."""

import base64
import secrets
from typing import Literal
from uuid import uuid4

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from agents_admin.simulator.endpoints.errors import ServiceRefused
from agents_admin.simulator.endpoints.keys import Account, PossibleAccount
from agents_admin.simulator.payloads import Payload
from agents_admin.simulator.simulator import CurrentSimulator

router = APIRouter()


class ComposeRequest(Payload):
    face_id: str
    api_version: Literal["v2"] = "v2"
    session_aggregator: str | None = None
    handle_silence: bool = True
    max_session_length: int = 3600
    max_idle_time: int = 300
    start_frame: int = 0
    audio_input_format: str = "pcm16"


class LiveKitRequest(BaseModel):
    session_token: str
    livekit_token: str
    livekit_url: str


class IceServer(BaseModel):
    urls: str = "stun:127.0.0.1:3478"
    username: str
    credential: str


@router.post("/compose/token", response_model=dict[str, str])
async def create_compose_token(
    account: PossibleAccount, request: ComposeRequest, simulator: CurrentSimulator
) -> dict[str, str] | JSONResponse:
    """Make a token. Refusals have one, too."""
    if account is None:
        return _refused("INVALID_API_KEY")
    if not request.face_id.strip() or request.face_id in simulator.behaviour.faces.unknown:
        return _refused("INVALID_FACE_ID")
    token = secrets.token_urlsafe(48)
    simulator.compose_tokens.add(token)
    return {"session_token": token}


@router.get("/compose/ice")
async def list_ice_servers(account: Account) -> list[IceServer]:
    return [IceServer(username=secrets.token_hex(8), credential=secrets.token_hex(16))]


@router.post("/integrations/livekit/agents")
async def start_livekit_session(
    request: LiveKitRequest, simulator: CurrentSimulator
) -> dict[str, str]:
    if request.session_token not in simulator.compose_tokens:
        raise ServiceRefused(400, "Invalid session token")
    destination = base64.b64encode(request.livekit_url.encode()).decode()
    return {"status": "started", "session_id": str(uuid4()), "destination": destination}


def _refused(reason: str) -> JSONResponse:
    return JSONResponse({"session_token": "FAIL TOKEN", "detail": reason}, 400)
