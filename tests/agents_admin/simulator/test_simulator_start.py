import uuid

import httpx
import pytest

from agents_admin.simulator import (
    create_app,
)
from tests.agents_admin.simulator.stage import (
    KEY,
    START,
    Onlooker,
    ScriptedLlm,
    behave,
    serve,
    simulate,
    visitor,
)

HELLO = visitor("Hello?")


async def test_a_start_gives_a_room_and_a_session(onlooker: Onlooker) -> None:
    async with simulate(HELLO, onlooker) as simli:
        response = await simli.post(START, json={})

    assert response.status_code == 200
    assert response.json().keys() == {"roomUrl", "sessionId"}
    uuid.UUID(response.json()["sessionId"])


async def test_the_room_is_where_the_simulator_was_reached(llm: ScriptedLlm) -> None:
    async with serve(create_app(HELLO)) as url, httpx.AsyncClient(headers=KEY) as simli:
        started = (await simli.post(f"{url}{START}", json={})).json()
        page = await simli.get(started["roomUrl"])

    assert started["roomUrl"].startswith(f"{url}/rooms/")
    assert page.status_code == 200


async def test_the_room_is_where_the_simulator_says_it_is() -> None:
    app = create_app(HELLO, public_url="http://sim.test/")

    async with serve(app) as url, httpx.AsyncClient(headers=KEY) as simli:
        started = (await simli.post(f"{url}{START}", json={})).json()

    assert started["roomUrl"].startswith("http://sim.test/rooms/")


@pytest.mark.parametrize("key", ["", "wrong", "schlüssel"])
@pytest.mark.parametrize("path", ["/auto/transcript/x?sessionId=x", "/history/sessions"])
async def test_a_wrong_key_is_refused_in_the_words_of_each_service(
    onlooker: Onlooker, key: str, path: str
) -> None:
    async with simulate(HELLO, onlooker, api_key="right") as simli:
        response = await simli.get(path, headers={b"x-simli-api-key": key.encode()})

    assert response.status_code == 401
    family = "error" if path.startswith("/history") else "detail"
    assert response.json() == {family: "Invalid API key"}


async def test_a_start_without_a_key_is_refused_before_its_body_is_judged(
    onlooker: Onlooker,
) -> None:
    async with simulate(HELLO, onlooker) as simli:
        response = await simli.post(START, json={"faceId": 1}, headers={"x-simli-api-key": ""})

    assert response.status_code == 401
    assert onlooker.events == []


async def test_the_right_key_is_accepted(onlooker: Onlooker) -> None:
    async with simulate(HELLO, onlooker, api_key="simli-key") as simli:
        response = await simli.post(START, json={})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"faceId": 7}, ["faceId"]),
        ({"maxSessionLength": "60"}, ["maxSessionLength"]),
        ({"createTranscript": "yes"}, ["createTranscript"]),
        ({"ttsProvider": "elevenlabs"}, ["ttsProvider"]),
        ({"model": "gpt-4o"}, ["model"]),
        ({"llmConfig": {"provider": "user"}}, ["llmConfig", "provider"]),
        (
            {"customLLMConfig": {"model": "m", "llmAPIKey": "secret"}},
            ["customLLMConfig", "baseURL"],
        ),
        (
            {"customLLMConfig": {"model": "m", "llmAPIKey": "secret", "baseURL": "localhost"}},
            ["customLLMConfig", "baseURL"],
        ),
    ],
)
async def test_a_wrong_type_is_422_with_its_place_and_no_input(
    onlooker: Onlooker, body: dict[str, object], loc: list[str]
) -> None:
    async with simulate(HELLO, onlooker) as simli:
        response = await simli.post(START, json=body)

    assert response.status_code == 422
    [fault] = response.json()["detail"]
    assert fault.keys() == {"loc", "msg", "type"}
    assert fault["loc"] == ["body", *loc]
    assert "secret" not in response.text


async def test_unknown_keys_are_ignored(onlooker: Onlooker) -> None:
    async with simulate(HELLO, onlooker) as simli:
        response = await simli.post(START, json={"apiKey": "old", "llmConfig": {"x": 1}})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        ({"provider": "OpenAI", "model": "gpt-4.1"}, []),
        ({"provider": "Google", "model": "gemini-2.5-pro"}, []),
        ({"provider": "User", "model": "m", "baseURL": "http://a", "apiKey": "k"}, []),
        ({"provider": "OpenAI", "model": "llama"}, ["model"]),
        ({"provider": "Google"}, ["model"]),
        ({"baseURL": "http://a", "apiKey": "secret"}, ["baseURL", "apiKey"]),
    ],
)
@pytest.mark.parametrize("rules", [True, False])
async def test_the_rules_of_the_providers(
    onlooker: Onlooker, config: dict[str, str], fields: list[str], rules: bool
) -> None:
    behaviour = behave(starts={"provider_rules": rules})

    async with simulate(HELLO, onlooker, behaviour=behaviour) as simli:
        response = await simli.post(START, json={"llmConfig": config})

    refused = fields if rules else []
    assert response.status_code == (422 if refused else 200)
    faults = response.json().get("detail", [])
    assert [fault["loc"] for fault in faults] == [["body", "llmConfig", name] for name in refused]
    assert "secret" not in response.text
