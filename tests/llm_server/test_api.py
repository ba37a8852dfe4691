from collections.abc import AsyncIterator

import httpx2
import openai
import pytest

from llm_server import SessionClaims
from llm_server.api import CHAT_PATHS
from llm_server.errors import UpstreamFailed
from tests.llm_server.fakes import ListSink, ScriptedBackend, says
from tests.llm_server.wire import CHAT, HELLO, MODEL, ask, completion, error_of, spoken


@pytest.mark.parametrize("path", CHAT_PATHS)
async def test_every_path_that_a_base_url_can_lead_to_answers(
    http: httpx2.AsyncClient, path: str
) -> None:
    response = await http.post(path, json=ask())

    assert response.status_code == 200
    assert response.json()["choices"][0]["message"]["content"] == "Hello there."


def test_the_doubled_path_is_among_the_paths() -> None:
    assert set(CHAT_PATHS) == {
        "/chat/completions",
        "/v1/chat/completions",
        "/chat/completions/chat/completions",
        "/v1/chat/completions/chat/completions",
    }


async def test_a_service_caller_who_does_not_say_so_gets_no_stream(
    http: httpx2.AsyncClient,
) -> None:
    response = await http.post(CHAT, json=ask())

    assert response.headers["content-type"] == "application/json"


async def test_the_request_id_header_is_the_id_of_the_completion(http: httpx2.AsyncClient) -> None:
    response = await http.post(CHAT, json=ask())

    assert response.headers["x-request-id"] == response.json()["id"]


async def test_the_backend_gets_the_request_with_its_unknown_members(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    await completion(client, temperature=0.5, extra_body={"thread_id": "t-1"})

    [request] = backend.requests
    assert request.messages == HELLO
    assert request.members["temperature"] == 0.5
    assert request.members["thread_id"] == "t-1"


async def test_models_are_listed(client: openai.AsyncOpenAI) -> None:
    models = [model async for model in client.models.list()]

    assert {model.id for model in models} == {"mock", MODEL}
    assert {model.object for model in models} == {"model"}


async def test_a_model_is_shown(client: openai.AsyncOpenAI) -> None:
    model = await client.models.retrieve(MODEL)

    assert model.id == MODEL
    assert model.owned_by == "simli-llm-server"


async def test_an_unknown_model_is_not_shown(http: httpx2.AsyncClient) -> None:
    response = await http.get("/v1/models/gpt/9")

    assert response.status_code == 404
    assert error_of(response)["code"] == "model_not_found"
    assert "gpt/9" in error_of(response)["message"]


async def test_models_are_not_listed_without_a_key(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url) as anonymous:
        response = await anonymous.get("/v1/models")

    assert response.status_code == 401
    assert error_of(response)["code"] == "invalid_api_key"


async def test_health_needs_no_key(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url) as anonymous:
        response = await anonymous.get("/healthz")

    assert response.json() == {"status": "ok"}


async def test_a_session_sees_its_own_model_only(avatar: openai.AsyncOpenAI) -> None:
    models = [model async for model in avatar.models.list()]

    assert [model.id for model in models] == [MODEL]


async def test_a_session_cannot_look_at_another_model(avatar_http: httpx2.AsyncClient) -> None:
    response = await avatar_http.get("/v1/models/mock")

    assert response.status_code == 404
    assert error_of(response)["code"] == "model_not_found"


@pytest.mark.parametrize("path", ["/", "/v2/chat/completions", "/docs", f"{CHAT}/"])
async def test_an_unknown_path_gets_the_envelope(http: httpx2.AsyncClient, path: str) -> None:
    response = await http.post(path, json=ask())

    assert response.status_code == 404
    assert error_of(response)["code"] == "not_found"
    assert path in error_of(response)["message"]


@pytest.mark.parametrize(("method", "path"), [("GET", CHAT), ("DELETE", "/v1/models")])
async def test_a_wrong_method_gets_the_envelope(
    http: httpx2.AsyncClient, method: str, path: str
) -> None:
    response = await http.request(method, path)

    assert response.status_code == 405
    assert response.headers["allow"] in ("POST", "GET, HEAD", "HEAD, GET")
    assert error_of(response)["code"] == "method_not_allowed"


async def test_an_unknown_model_is_404_and_names_those_there_are(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    response = await http.post(CHAT, json=ask(model="gpt-9"))

    error = error_of(response)
    assert response.status_code == 404
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert MODEL in error["message"]
    assert (backend.requests, sink.turns) == ([], [])


async def test_a_body_over_the_limit_is_413(http: httpx2.AsyncClient) -> None:
    response = await http.post(CHAT, json=ask(padding="x" * 20_000))

    assert response.status_code == 413
    assert error_of(response)["code"] == "request_too_large"
    assert "20000" in error_of(response)["message"]


async def test_a_body_over_the_limit_is_413_also_when_its_length_is_not_told(
    http: httpx2.AsyncClient,
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 10_000

    response = await http.post(CHAT, content=parts(), headers={"content-type": "application/json"})

    assert response.status_code == 413


async def test_a_body_that_is_not_json_by_its_type_is_415(http: httpx2.AsyncClient) -> None:
    response = await http.post(CHAT, content=b"a=b", headers={"content-type": "text/plain"})

    assert response.status_code == 415
    assert error_of(response)["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[" * 5000],
    ids=["empty", "cut off", "not UTF-8", "nested too deeply"],
)
async def test_malformed_json_is_400(http: httpx2.AsyncClient, body: bytes) -> None:
    response = await http.post(CHAT, content=body)

    assert response.status_code == 400
    assert error_of(response)["type"] == "invalid_request_error"
    assert error_of(response)["param"] is None


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "Hi!"}, "messages"),
        ({"messages": [{"content": "Hi!"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["Hi!"]}]}, "messages[0].content[0]"),
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 5}, "model"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
    ],
)
async def test_a_malformed_member_is_400_and_named(
    http: httpx2.AsyncClient, members: dict[str, object], param: str
) -> None:
    response = await http.post(CHAT, json=ask(**members))

    assert response.status_code == 400
    assert error_of(response)["param"] == param
    assert param in error_of(response)["message"] or not members[param]


async def test_a_missing_member_is_400_and_named(http: httpx2.AsyncClient) -> None:
    response = await http.post(CHAT, json={"model": MODEL})

    assert response.status_code == 400
    assert error_of(response)["param"] == "messages"


async def test_a_body_that_is_no_object_is_400(http: httpx2.AsyncClient) -> None:
    response = await http.post(CHAT, json=[])

    assert response.status_code == 400
    assert error_of(response)["param"] is None


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": "You are kind."}],
        [{"role": "assistant", "content": "Welcome!"}, {"role": "user", "content": None}],
        [{"role": "user", "content": "One"}, {"role": "user", "content": "two"}],
        [{"role": "user", "content": [{"type": "text", "text": 5}, {"type": "image_url"}]}],
        [{"role": "unheard-of", "content": "?", "name": 5}],
    ],
)
async def test_odd_histories_are_answered(http: httpx2.AsyncClient, messages: list[object]) -> None:
    response = await http.post(CHAT, json=ask(messages=messages))

    assert response.status_code == 200


async def test_what_the_user_said_last_is_recorded(
    http: httpx2.AsyncClient, sink: ListSink
) -> None:
    said = [{"type": "text", "text": "Look "}, {"type": "image_url"}, {"text": "here."}]
    messages = [
        {"role": "user", "content": "Hi!"},
        {"role": "user", "content": said},
        {"role": "assistant", "content": "Where?"},
    ]

    await http.post(CHAT, json=ask(messages=messages))

    assert (await sink.turn()).user_text == "Look here."


async def test_the_model_of_a_session_is_decided_by_its_key(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    response = await avatar_http.post(CHAT, json=ask(model="my-AGI"))

    assert spoken(response) == "Hello there."
    assert [request.model for request in backend.requests] == [MODEL]


async def test_a_session_needs_to_name_no_model(avatar_http: httpx2.AsyncClient) -> None:
    response = await avatar_http.post(CHAT, json={"messages": HELLO})

    assert spoken(response) == "Hello there."


@pytest.mark.parametrize("members", [{}, {"stream": None}, {"stream": True}])
async def test_a_session_is_streamed_to_unless_it_says_otherwise(
    avatar_http: httpx2.AsyncClient, members: dict[str, object]
) -> None:
    response = await avatar_http.post(CHAT, json=ask(**members))

    assert response.headers["content-type"].startswith("text/event-stream")
    assert spoken(response) == "Hello there."


async def test_a_session_gets_json_when_it_wants_no_stream(avatar: openai.AsyncOpenAI) -> None:
    answer = await completion(avatar)

    assert answer.choices[0].message.content == "Hello there."


async def test_a_turn_names_its_session_and_agent(
    avatar: openai.AsyncOpenAI, sink: ListSink, claims: SessionClaims
) -> None:
    await completion(avatar)

    turn = await sink.turn()
    assert (turn.session_id, turn.agent_id) == (claims.session_id, claims.agent_id)
    assert (turn.model, turn.answered_by) == (MODEL, MODEL)


async def test_a_turn_of_a_service_caller_has_no_session(
    client: openai.AsyncOpenAI, sink: ListSink
) -> None:
    await completion(client)

    turn = await sink.turn()
    assert (turn.session_id, turn.agent_id) == (None, None)


async def test_a_failed_turn_is_recorded_as_such(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [*says("Hello")[:1], UpstreamFailed("It broke.")]

    response = await http.post(CHAT, json=ask())

    turn = await sink.turn()
    assert response.status_code == 502
    assert (turn.outcome, turn.error) == ("failed", "upstream_failed")
    assert turn.answer_text == ""
