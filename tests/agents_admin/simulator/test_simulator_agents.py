from collections.abc import AsyncIterator

import httpx
import pytest

from tests.agents_admin.simulator.stage import Onlooker, simulate, visitor

MAYA = {"face_id": "tmp9i8bbq7c", "name": "Maya"}


@pytest.fixture
async def simli(onlooker: Onlooker) -> AsyncIterator[httpx.AsyncClient]:
    async with simulate(visitor("Hello?"), onlooker) as client:
        yield client


async def test_an_agent_is_created_with_simlis_defaults(simli: httpx.AsyncClient) -> None:
    response = await simli.post("/auto/agent", json=MAYA)

    assert response.status_code == 201
    agent = response.json()
    assert agent.items() >= {**MAYA, "max_idle_time": 300, "max_session_length": 3600}.items()
    assert agent.keys() >= {"id", "owner_id", "llm_provider", "created_at", "updated_at"}


@pytest.mark.parametrize("prefix", ["/auto", ""])
async def test_an_agent_is_found_by_both_names_of_each_call(
    simli: httpx.AsyncClient, prefix: str
) -> None:
    agent = (await simli.post(f"{prefix}/agent", json=MAYA)).json()

    assert (await simli.get(f"{prefix}/agent/{agent['id']}")).json() == agent
    assert (await simli.get(f"{prefix}/agents")).json() == [agent]


async def test_an_update_changes_what_is_given_and_has_no_answer(simli: httpx.AsyncClient) -> None:
    created = (await simli.post("/auto/agent", json={**MAYA, "prompt": "Be brief."})).json()

    response = await simli.put(f"/auto/agent/{created['id']}", json={"name": "Mia"})

    assert (response.status_code, response.content) == (200, b"")
    changed = (await simli.get(f"/auto/agent/{created['id']}")).json()
    assert (changed["name"], changed["prompt"]) == ("Mia", "Be brief.")
    assert changed["updated_at"] > created["updated_at"]


async def test_a_deleted_agent_is_gone(simli: httpx.AsyncClient) -> None:
    agent = (await simli.post("/auto/agent", json=MAYA)).json()

    response = await simli.delete(f"/auto/agent/{agent['id']}")

    assert (response.status_code, response.content) == (204, b"")
    assert (await simli.get("/auto/agents")).json() == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"name": "Maya"}, "face_id: Field required"),
        ({"face_id": "f"}, "name: Field required"),
        ({**MAYA, "firstMessage": "Hi"}, "firstMessage: Extra inputs"),
        ({**MAYA, "voice_provider": "ElevenLabs"}, "voice_provider: "),
        ({**MAYA, "llm_provider": "User"}, "llm_provider: "),
        ({**MAYA, "max_idle_time": "300"}, "max_idle_time: "),
        ({**MAYA, "prompt": None}, "prompt: "),
        ({**MAYA, "llm_endpoint": "localhost"}, "llm_endpoint: "),
    ],
)
async def test_an_agent_is_checked_strictly(
    simli: httpx.AsyncClient, body: dict[str, object], complaint: str
) -> None:
    response = await simli.post("/auto/agent", json=body)

    assert response.status_code == 400
    assert response.json().keys() == {"error"}
    assert complaint in response.json()["error"]


async def test_an_update_is_checked_as_strictly(simli: httpx.AsyncClient) -> None:
    agent = (await simli.post("/auto/agent", json=MAYA)).json()

    response = await simli.put(f"/auto/agent/{agent['id']}", json={"owner_id": "me"})

    assert response.status_code == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_the_agents_of_others_are_not_there(simli: httpx.AsyncClient, method: str) -> None:
    agent = (await simli.post("/auto/agent", json=MAYA)).json()
    others = {"x-simli-api-key": "another-key"}

    response = await simli.request(
        method, f"/auto/agent/{agent['id']}", headers=others, json={"name": "Mia"}
    )

    assert response.status_code == 404
    assert response.json() == {"error": "Agent not found"}
    assert (await simli.get("/auto/agents", headers=others)).json() == []


async def test_agents_need_a_key(simli: httpx.AsyncClient) -> None:
    response = await simli.post("/auto/agent", json=MAYA, headers={"x-simli-api-key": ""})

    assert response.status_code == 401
    assert response.json() == {"error": "Invalid API key"}


async def test_the_old_service_answers_a_ping(simli: httpx.AsyncClient) -> None:
    assert (await simli.get("/ping")).json() == {"message": "pong"}
