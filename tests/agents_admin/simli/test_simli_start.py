import json
from typing import Any

import httpx
import pytest

from agents_admin.simli import (
    BuiltInLlm,
    CustomLlmConfig,
    LlmConfig,
    SimliClient,
    SimliConfused,
    SimliRejected,
    StartSession,
    TokenIn,
)
from tests.agents_admin.simli.scripted import SIMLI_KEY, STARTED, ScriptedSimli

URL = "https://llm.example/v1"
CUSTOM = CustomLlmConfig(model="m", base_url=URL, api_key="sk-session")
NAMED = LlmConfig(model="m", base_url=URL, api_key="sk-session")
BOTH = StartSession(
    tts_api_key="sk-tts",
    system_prompt="You are Ada.",
    custom_llm_config=CUSTOM,
    llm_config=NAMED,
)
OK = httpx.Response(200, json=STARTED)


def refusal(*places: list[str], status: int = 422) -> httpx.Response:
    errors = [{"loc": place, "msg": "Bad", "type": "bad"} for place in places]
    return httpx.Response(status, json={"detail": errors})


@pytest.mark.parametrize(
    ("place", "left"),
    [
        (["body", "customLLMConfig"], "llmConfig"),
        (["body", "llmConfig"], "customLLMConfig"),
        (["body", "llmConfig", "provider"], "customLLMConfig"),
    ],
)
async def test_the_refused_spelling_of_the_llm_is_left_out(
    client: SimliClient, fake: ScriptedSimli, place: list[str], left: str
) -> None:
    fake.will(refusal(place, ["body", "voiceId"]), OK)

    started = await client.start_session(BOTH)

    assert started.session_id == "simli-session-1"
    first, second = fake.bodies
    assert {"customLLMConfig", "llmConfig"} & second.keys() == {left}
    assert second.items() <= first.items()


async def test_a_spelling_is_left_out_but_once(client: SimliClient, fake: ScriptedSimli) -> None:
    fake.will(refusal(["body", "llmConfig"]), refusal(["body", "customLLMConfig"]), OK)

    with pytest.raises(SimliRejected):
        await client.start_session(BOTH)

    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (BOTH, refusal(["body", "llmConfig"], ["body", "customLLMConfig"])),
        (BOTH, refusal(["body", "voiceId"])),
        (BOTH, refusal(["body", "llmConfig"], status=400)),
        (BOTH, httpx.Response(422, json={"detail": "llmConfig"})),
        (BOTH, httpx.Response(422, json={"detail": [{"loc": None}, 7]})),
        (BOTH.model_copy(update={"llm_config": None}), refusal(["body", "customLLMConfig"])),
        (BOTH.model_copy(update={"custom_llm_config": None}), refusal(["body", "llmConfig"])),
        (
            BOTH.model_copy(update={"llm_config": BuiltInLlm(model="gpt-4o", provider="OpenAI")}),
            refusal(["body", "customLLMConfig"]),
        ),
    ],
)
async def test_any_other_refusal_of_a_start_is_final(
    client: SimliClient, fake: ScriptedSimli, request_: StartSession, answer: httpx.Response
) -> None:
    fake.will(answer, OK)

    with pytest.raises(SimliRejected):
        await client.start_session(request_)

    assert len(fake.requests) == 1


async def test_what_was_sent_is_told_without_keys(client: SimliClient, fake: ScriptedSimli) -> None:
    started = await client.start_session(BOTH)

    assert started.sent == {
        "ttsAPIKey": "[redacted]",
        "systemPrompt": "You are Ada.",
        "customLLMConfig": {"model": "m", "baseURL": URL, "llmAPIKey": "[redacted]"},
        "llmConfig": {"model": "m", "provider": "User", "baseURL": URL, "apiKey": "[redacted]"},
    }
    assert json.loads(json.dumps(started.sent)) == started.sent
    assert fake.bodies[0]["llmConfig"]["apiKey"] == "sk-session"


async def test_what_was_sent_is_what_was_sent_in_the_end(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    fake.will(refusal(["body", "llmConfig"]), httpx.Response(200, json=STARTED | {"sent": "sk-x"}))

    started = await client.start_session(BOTH)

    assert started.sent.keys() == fake.bodies[1].keys()
    assert "llmConfig" not in started.sent


async def test_a_stored_agent_is_started_without_the_key(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    started = await client.start_agent("agent", "a/token=")

    [request] = fake.requests
    assert request.url.raw_path == b"/auto/start/agent/a%2Ftoken%3D"
    assert SIMLI_KEY not in str(request.headers)
    assert started.room_url == STARTED["roomUrl"]


async def test_a_token_may_be_in_the_header(client: SimliClient, fake: ScriptedSimli) -> None:
    await client.start_agent("agent", "token", TokenIn.HEADER)

    [request] = fake.requests
    assert (request.method, request.url.path) == ("POST", "/auto/start/agent")
    assert request.headers["session-token"] == "token"


async def test_the_header_is_sent_with_the_other_method_if_that_is_not_allowed(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    fake.will(httpx.Response(405), OK)

    await client.start_agent("agent", "token", TokenIn.HEADER)

    assert [request.method for request in fake.requests] == ["POST", "GET"]
    assert fake.requests[1].headers["session-token"] == "token"


async def test_a_refused_token_is_not_tried_otherwise(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    fake.will(httpx.Response(401, json={"detail": "Origin not allowed"}))

    with pytest.raises(SimliRejected, match="401 Origin not allowed"):
        await client.start_agent("agent", "token", TokenIn.HEADER)

    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("answer", "room_url"),
    [
        (httpx.Response(307, headers={"location": "https://x.daily.co/r"}), "https://x.daily.co/r"),
        (httpx.Response(303, headers={"location": "/rooms/r"}), "http://simli.local/rooms/r"),
        (OK, STARTED["roomUrl"]),
    ],
)
@pytest.mark.parametrize("token_in", TokenIn)
async def test_a_redirect_tells_the_room(
    client: SimliClient,
    fake: ScriptedSimli,
    answer: httpx.Response,
    room_url: str,
    token_in: TokenIn,
) -> None:
    fake.will(answer)

    assert await client.start_agent_by_redirect("agent", "token", token_in) == room_url

    assert fake.requests[0].url.params["redirect"] == "true"


async def test_a_redirect_to_nowhere_is_no_answer(client: SimliClient, fake: ScriptedSimli) -> None:
    fake.will(httpx.Response(307))

    with pytest.raises(SimliConfused, match="is no answer"):
        await client.start_agent_by_redirect("agent", "token")


@pytest.mark.parametrize("given", [{"tts_provider": "elevenlabs"}, {"voice": "x"}, {"face_id": 7}])
def test_a_request_that_simli_would_not_understand_is_refused_here(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="1 validation error"):
        StartSession(**given)


def test_a_built_in_llm_takes_no_key() -> None:
    with pytest.raises(ValueError, match="not permitted"):
        BuiltInLlm(model="gpt-4o", provider="OpenAI", api_key="sk")  # type: ignore[call-arg]
