import base64

import pytest

from tests.agents_admin.simulator.stage import Onlooker, behave, simulate, visitor

HELLO = visitor("Hello?")


async def test_a_compose_token_starts_a_livekit_session(onlooker: Onlooker) -> None:
    async with simulate(HELLO, onlooker) as simli:
        made = await simli.post("/compose/token", json={"faceId": "f", "apiVersion": "v2"})
        body = {**made.json(), "livekit_token": "t", "livekit_url": "wss://room.example"}
        del simli.headers["x-simli-api-key"]
        started = await simli.post("/integrations/livekit/agents", json=body)

    assert made.json().keys() == {"session_token"}
    assert started.json().keys() == {"status", "session_id", "destination"}
    assert base64.b64decode(started.json()["destination"]) == b"wss://room.example"


async def test_a_livekit_session_needs_a_token_that_was_made(onlooker: Onlooker) -> None:
    body = {"session_token": "FAIL TOKEN", "livekit_token": "t", "livekit_url": "wss://r"}

    async with simulate(HELLO, onlooker) as simli:
        response = await simli.post("/integrations/livekit/agents", json=body)

    assert (response.status_code, response.json()) == (400, {"error": "Invalid session token"})


@pytest.mark.parametrize(
    ("face", "key", "reason"),
    [
        ("", "simli-key", "INVALID_FACE_ID"),
        ("gone", "simli-key", "INVALID_FACE_ID"),
        ("f", "", "INVALID_API_KEY"),
    ],
)
async def test_a_refused_compose_token_is_still_called_a_token(
    onlooker: Onlooker, face: str, key: str, reason: str
) -> None:
    behaviour = behave(faces={"unknown": ["gone"]})

    async with simulate(HELLO, onlooker, behaviour=behaviour) as simli:
        response = await simli.post(
            "/compose/token", json={"faceId": face}, headers={"x-simli-api-key": key}
        )

    assert response.status_code == 400
    assert response.json() == {"session_token": "FAIL TOKEN", "detail": reason}


@pytest.mark.parametrize("body", [{}, {"faceId": "f", "apiVersion": "v1"}])
async def test_a_wrong_compose_request_is_422(onlooker: Onlooker, body: dict[str, str]) -> None:
    async with simulate(HELLO, onlooker) as simli:
        response = await simli.post("/compose/token", json=body)

    assert response.status_code == 422


async def test_ice_servers_need_a_key(onlooker: Onlooker) -> None:
    async with simulate(HELLO, onlooker) as simli:
        [server] = (await simli.get("/compose/ice")).json()
        refused = await simli.get("/compose/ice", headers={"x-simli-api-key": ""})

    assert server.keys() == {"urls", "username", "credential"}
    assert refused.status_code == 401
