import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from tests.agents_admin.simulator.stage import Onlooker, ScriptedLlm, behave, simulate, visitor


@dataclass
class Stored:
    """A simulator with one stored agent, which a scripted custom LLM answers for."""

    simli: httpx.AsyncClient
    agent_id: str

    async def token(self, **body: object) -> str:
        response = await self.simli.post(
            "/auto/token",
            json={"simliAPIKey": "simli-key", "llmAPIKey": "llm-key", **body},
            headers={"x-simli-api-key": ""},
        )
        token: str = response.json()["session_token"]
        return token

    async def start(self, token: str, **headers: str) -> httpx.Response:
        return await self.simli.get(f"/auto/start/{self.agent_id}/{token}", headers=headers)


@pytest.fixture
async def stored(llm: ScriptedLlm, onlooker: Onlooker) -> AsyncIterator[Stored]:
    agent = {
        "face_id": "tmp9i8bbq7c",
        "name": "Maya",
        "prompt": "Be brief.",
        "first_message": "Good day.",
        "llm_provider": "user",
        "llm_model": "m",
        "llm_endpoint": f"{llm.url}/v1",
    }
    async with simulate(visitor("Hello?"), onlooker, api_key="simli-key") as simli:
        agent_id = (await simli.post("/auto/agent", json=agent)).json()["id"]
        yield Stored(simli, agent_id)


async def test_a_token_starts_a_stored_agent_without_a_key(
    stored: Stored, llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    token = await stored.token()
    del stored.simli.headers["x-simli-api-key"]

    started = (await stored.start(token)).json()
    await onlooker.wait_for_the_end()

    assert token.startswith("gAAAA")
    assert started.keys() == {"roomUrl", "sessionId"}
    [asked] = llm.asked
    assert asked.headers["authorization"] == "Bearer llm-key"
    assert asked.body["model"] == "m"
    assert [message["content"] for message in asked.body["messages"]] == [
        "Be brief.",
        "Good day.",
        "Hello?",
    ]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("place", ["path", "header"])
async def test_every_way_to_start_a_stored_agent(stored: Stored, method: str, place: str) -> None:
    token = await stored.token()
    path = f"/auto/start/{stored.agent_id}"

    if place == "path":
        response = await stored.simli.request(method, f"{path}/{token}")
    else:
        response = await stored.simli.request(method, path, headers={"session-token": token})

    assert response.status_code == 200


async def test_a_start_may_redirect_to_its_room(stored: Stored) -> None:
    token = await stored.token()

    response = await stored.simli.get(f"/auto/start/{stored.agent_id}/{token}?redirect=true")

    assert response.status_code == 307
    assert (await stored.simli.get(response.headers["location"])).status_code == 200


async def test_the_token_says_whether_there_is_a_transcript(
    stored: Stored, onlooker: Onlooker
) -> None:
    started = (await stored.start(await stored.token(createTranscript=True))).json()
    await onlooker.wait_for_the_end()

    response = await stored.simli.get(f"/auto/transcript/x?sessionId={started['sessionId']}")

    assert [entry["content"] for entry in response.json()] == ["Good day.", "Hello?", "Yes."]


@pytest.mark.parametrize(
    ("expiry", "status"), [(-1, 200), (None, 200), (2**33, 200), (int(time.time()) - 1, 401)]
)
async def test_a_token_expires_at_its_stamp(
    stored: Stored, expiry: int | None, status: int
) -> None:
    response = await stored.start(await stored.token(expiryStamp=expiry))

    assert response.status_code == status


async def test_a_token_that_nobody_made_is_refused(stored: Stored) -> None:
    response = await stored.start("gAAAAnobody")

    assert response.status_code == 401
    assert response.json() == {"detail": "Invalid or expired session token"}


async def test_the_agents_of_others_cannot_be_started(stored: Stored) -> None:
    token = await stored.token()

    response = await stored.simli.get(f"/auto/start/nobody/{token}")

    assert response.status_code == 404
    assert response.json() == {"detail": "Agent not found"}


async def test_a_header_without_a_token_is_422(stored: Stored) -> None:
    response = await stored.simli.post(f"/auto/start/{stored.agent_id}")

    assert response.json()["detail"][0]["loc"] == ["header", "session-token"]


@pytest.mark.parametrize(
    ("listed", "headers", "status"),
    [
        (["https://a.example"], {"origin": "https://a.example"}, 200),
        (["https://a.example"], {"origin": "https://b.example"}, 401),
        (["https://a.example"], {}, 200),
        ([], {"origin": "https://a.example"}, 401),
        (None, {"origin": "https://a.example"}, 401),
        ([], {}, 200),
    ],
)
async def test_pages_of_other_origins_are_refused(
    stored: Stored, listed: list[str] | None, headers: dict[str, str], status: int
) -> None:
    response = await stored.start(await stored.token(originAllowList=listed), **headers)

    assert response.status_code == status
    if status == 401:
        assert response.json() == {"detail": "Origin not allowed"}
        # The page may read why.
        assert response.headers["access-control-allow-origin"] == "*"


async def test_without_a_list_pages_may_be_allowed(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    open_house = behave(starts={"unlisted_origins": "allowed"})

    async with simulate(visitor("Hello?"), onlooker, behaviour=open_house) as simli:
        agent = await simli.post("/auto/agent", json={"face_id": "f", "name": "Maya"})
        stored = Stored(simli, agent.json()["id"])
        response = await stored.start(await stored.token(), origin="https://a.example")

    assert response.status_code == 200


@pytest.mark.parametrize("key", ["", "wrong"])
async def test_a_token_needs_the_right_key_in_its_body(stored: Stored, key: str) -> None:
    response = await stored.simli.post("/auto/token", json={"simliAPIKey": key})

    assert response.status_code == 401
    assert response.json() == {"detail": "Invalid API key"}


async def test_a_key_in_the_header_is_not_enough_for_a_token(stored: Stored) -> None:
    response = await stored.simli.post("/auto/token", json={})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "simliAPIKey"]
