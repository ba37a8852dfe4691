import logging
import time

import httpx2
import openai
import pytest

from llm_server import SessionClaims, SessionKeys
from llm_server.errors import ApiError, InvalidRequest, RateLimited, UpstreamFailed
from llm_server.events import Delta, Event, Events, Finish, aside, text_delta
from llm_server.turns import Said
from llm_server.voice.apology import never_silent
from llm_server.voice.phrases import phrases_for
from tests.llm_server.fakes import ListSink, ScriptedBackend, Step, says
from tests.llm_server.wire import (
    CHAT,
    SECRET,
    ask,
    chunks,
    completion,
    payloads,
    spoken,
    text,
)

GERMAN = phrases_for("de").apology


@pytest.mark.parametrize(
    "script",
    [
        [RateLimited("Busy.")],
        [InvalidRequest("The history begins with the assistant.")],
        [RuntimeError("boom")],
        [],
        [Finish()],
        [text_delta(" \n"), Finish("content_filter")],
        [Delta({"reasoning_content": "Hm."}), Finish()],
        [Delta({"reasoning_content": "Hm."}), UpstreamFailed("It broke.")],
    ],
    ids=[
        "rate limit",
        "upstream's 400",
        "bug",
        "nothing",
        "no words",
        "white space",
        "only thoughts",
        "broke off while thinking",
    ],
)
async def test_instead_of_silence_a_session_hears_an_apology(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend, script: list[Step]
) -> None:
    backend.script = script

    response = await avatar_http.post(CHAT, json=ask())

    assert spoken(response).strip() == GERMAN


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"messages": []}', b'{"messages": [{"role": 5}]}', b"[" * 5000],
)
async def test_a_malformed_request_of_a_session_is_answered_with_an_apology(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend, body: bytes
) -> None:
    response = await avatar_http.post(CHAT, content=body)

    assert spoken(response) == GERMAN
    assert backend.requests == []


async def test_a_request_of_a_session_that_is_too_large_is_answered_with_an_apology(
    avatar_http: httpx2.AsyncClient, sink: ListSink
) -> None:
    response = await avatar_http.post(CHAT, json=ask(padding="x" * 20_000))

    assert spoken(response) == GERMAN
    assert (await sink.turn()).error == "request_too_large"


async def test_a_session_whose_model_is_gone_hears_an_apology(
    url: str, sink: ListSink, claims: SessionClaims
) -> None:
    gone = SessionClaims(
        session_id=claims.session_id, model="gone", language="fr", expires_at=claims.expires_at
    )
    headers = {"authorization": f"Bearer {SessionKeys(SECRET).sign(gone)}"}

    async with httpx2.AsyncClient(base_url=url, headers=headers) as http:
        response = await http.post(CHAT, json=ask())

    assert spoken(response) == phrases_for("fr").apology
    assert (await sink.turn()).error == "model_not_found"


async def test_a_session_that_is_over_is_told_so(url: str, claims: SessionClaims) -> None:
    over = SessionClaims(
        session_id=claims.session_id, model=claims.model, expires_at=int(time.time()) - 1
    )
    headers = {"authorization": f"Bearer {SessionKeys(SECRET).sign(over)}"}

    async with httpx2.AsyncClient(base_url=url, headers=headers) as http:
        response = await http.post(CHAT, json=ask())

    assert response.status_code == 401


async def test_a_failure_in_mid_answer_is_followed_by_an_apology(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [text_delta("The answer is"), UpstreamFailed("It broke.")]

    response = await avatar_http.post(CHAT, json=ask())

    assert spoken(response) == f"The answer is… {phrases_for('de').broken_off}"


async def test_a_failure_after_a_whole_answer_is_not_apologised_for(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [*says("That is all."), UpstreamFailed("It broke.")]

    response = await avatar_http.post(CHAT, json=ask())

    assert spoken(response) == "That is all."
    assert (await sink.turn()).outcome == "completed"


async def test_an_apology_is_a_stream_like_any_other(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [RateLimited("Busy.")]

    response = await avatar_http.post(CHAT, json=ask())

    role, content, finish, done = payloads(response)
    assert role["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert content["choices"][0]["delta"] == {"content": GERMAN}
    assert (finish["choices"][0]["finish_reason"], done) == ("stop", "[DONE]")
    assert "retry-after" not in response.headers


async def test_an_apology_is_json_for_a_session_that_wants_json(
    avatar: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = [RateLimited("Busy.")]

    answer = await completion(avatar)

    assert answer.choices[0].message.content == GERMAN


async def test_an_empty_answer_is_an_error_whatever_its_finish_reason(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [Finish("length")]

    response = await avatar_http.post(CHAT, json=ask())

    assert spoken(response) == GERMAN
    assert payloads(response)[-2]["choices"][0]["finish_reason"] == "stop"
    assert (await sink.turn()).error == "empty_answer"


@pytest.mark.parametrize(
    ("failure", "error"),
    [(RateLimited("Busy."), "rate_limit_exceeded"), (ApiError("?"), "server_error")],
)
async def test_a_turn_with_an_apology_has_failed(
    avatar_http: httpx2.AsyncClient,
    backend: ScriptedBackend,
    sink: ListSink,
    failure: ApiError,
    error: str,
) -> None:
    backend.script = [failure]

    await avatar_http.post(CHAT, json=ask())

    turn = await sink.turn()
    assert (turn.outcome, turn.error) == ("failed", error)
    assert (turn.answer_text, turn.finish_reason) == ("", "stop")
    assert turn.asides == (Said(kind="apology", text=GERMAN, at=0),)


async def test_what_failed_is_in_the_log_and_what_was_said_is_not(
    avatar_http: httpx2.AsyncClient,
    backend: ScriptedBackend,
    session_key: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    backend.script = [text_delta("My PIN is 4711"), RuntimeError("upset by 'My secret wish'")]
    caplog.set_level(logging.DEBUG, logger="llm_server")

    await avatar_http.post(CHAT, json=ask(messages=[{"role": "user", "content": "A secret"}]))

    assert "RuntimeError" in caplog.text
    assert not any(said in caplog.text for said in ("4711", "secret", session_key))


async def test_a_tool_call_is_not_apologised_for(
    avatar: openai.AsyncOpenAI, backend: ScriptedBackend, sink: ListSink
) -> None:
    call = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}
    backend.script = [Delta({"tool_calls": [call]}), Finish("tool_calls")]

    received = await chunks(avatar)

    assert text(received) == ""
    assert (await sink.turn()).outcome == "completed"


@pytest.mark.parametrize("end", [[Finish()], []], ids=["no words", "failure"])
async def test_a_filler_is_no_answer(end: list[Event]) -> None:
    async def events() -> Events:
        yield [aside("Einen Moment.. ")]
        if not end:
            raise UpstreamFailed("It broke.")
        yield end

    said = [event async for batch in never_silent(events(), phrases_for("de")) for event in batch]

    assert "".join(event.text for event in said if isinstance(event, Delta)) == (
        f"Einen Moment.. {GERMAN}"
    )
