import logging

import httpx2
import openai
import pytest
from fastapi import FastAPI

from llm_server import InvalidSettings, Settings, create_app
from llm_server.errors import InvalidRequest, RateLimited, UpstreamFailed
from llm_server.events import text_delta
from llm_server.model_settings import ModelSettings
from tests.llm_server.fakes import ListSink, ScriptedBackend, Step, never, says
from tests.llm_server.servers import serve
from tests.llm_server.wire import CHAT, MODEL, ask, chunks, completion, error_of, payloads, text


@pytest.fixture
def spare() -> ScriptedBackend:
    return ScriptedBackend(says("I am the spare."))


@pytest.fixture
def last() -> ScriptedBackend:
    return ScriptedBackend(says("I am the last."))


@pytest.fixture
def app(
    settings: Settings,
    sink: ListSink,
    backend: ScriptedBackend,
    spare: ScriptedBackend,
    last: ScriptedBackend,
) -> FastAPI:
    models = {
        MODEL: ModelSettings(backend="mock", fallbacks=["spare", "last"]),
        "spare": ModelSettings(backend="mock"),
        "last": ModelSettings(backend="mock"),
    }
    settings = settings.model_copy(update={"models": models})
    return create_app(settings, sink, backends={MODEL: backend, "spare": spare, "last": last})


async def test_a_fallback_is_not_asked_while_the_primary_answers(
    client: openai.AsyncOpenAI, spare: ScriptedBackend
) -> None:
    received = await chunks(client)

    assert text(received) == "Hello there."
    assert spare.requests == []


@pytest.mark.parametrize(
    "script",
    [[RateLimited("Busy.")], [UpstreamFailed("Broken.")], [RuntimeError("boom")], []],
    ids=["429", "502", "bug", "nothing"],
)
async def test_a_fallback_answers_when_the_primary_fails_before_its_first_event(
    client: openai.AsyncOpenAI, backend: ScriptedBackend, script: list[Step]
) -> None:
    backend.script = script

    received = await chunks(client)

    assert text(received) == "I am the spare."
    assert {chunk.model for chunk in received} == {"spare"}


async def test_a_fallback_gets_the_same_request_for_its_own_model(
    client: openai.AsyncOpenAI, backend: ScriptedBackend, spare: ScriptedBackend
) -> None:
    backend.script = [RateLimited("Busy.")]

    await completion(client, seed=7)

    [first], [second] = backend.requests, spare.requests
    assert (first.model, second.model) == (MODEL, "spare")
    assert second.messages == first.messages
    assert second.members["seed"] == 7


async def test_fallbacks_are_asked_in_their_order(
    client: openai.AsyncOpenAI, backend: ScriptedBackend, spare: ScriptedBackend
) -> None:
    backend.script = spare.script = [RateLimited("Busy.")]

    answer = await completion(client)

    assert answer.choices[0].message.content == "I am the last."
    assert answer.model == "last"


async def test_the_turn_tells_who_answered(
    client: openai.AsyncOpenAI, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [RateLimited("Busy.")]

    await completion(client)

    turn = await sink.turn()
    assert (turn.model, turn.answered_by) == (MODEL, "spare")
    assert (turn.outcome, turn.error) == ("completed", None)


async def test_a_backend_that_failed_is_closed_before_the_fallback_answers(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = [RateLimited("Busy."), never()]

    await completion(client)

    assert backend.closed.is_set()


async def test_the_error_of_the_last_is_raised_when_all_fail(
    http: httpx2.AsyncClient,
    backend: ScriptedBackend,
    spare: ScriptedBackend,
    last: ScriptedBackend,
) -> None:
    backend.script = spare.script = [RateLimited("Busy.")]
    last.script = [UpstreamFailed("Broken.")]

    response = await http.post(CHAT, json=ask())

    assert response.status_code == 502
    assert error_of(response)["message"] == "Broken."


async def test_no_fallback_is_asked_what_cannot_be_answered(
    http: httpx2.AsyncClient, backend: ScriptedBackend, spare: ScriptedBackend
) -> None:
    backend.script = [InvalidRequest("Too long.", param="messages")]

    response = await http.post(CHAT, json=ask())

    assert response.status_code == 400
    assert spare.requests == []


async def test_no_fallback_is_asked_in_the_middle_of_an_answer_that_is_more_than_prose(
    http: httpx2.AsyncClient, backend: ScriptedBackend, spare: ScriptedBackend
) -> None:
    backend.script = [text_delta('{"a'), UpstreamFailed("It broke.")]

    body = ask(stream=True, response_format={"type": "json_object"})
    response = await http.post(CHAT, json=body)

    assert "error" in payloads(response)[-1]
    assert spare.requests == []


async def test_a_raising_backend_is_a_generic_500(
    http: httpx2.AsyncClient, last: ScriptedBackend
) -> None:
    last.script = [RuntimeError("upset by 'My secret wish'")]

    response = await http.post(CHAT, json=ask(model="last"))

    error = error_of(response)
    assert response.status_code == 500
    assert (error["type"], error["code"]) == ("server_error", None)
    assert "secret" not in error["message"]


async def test_a_raising_backend_is_found_in_the_log_without_what_was_said(
    http: httpx2.AsyncClient, last: ScriptedBackend, caplog: pytest.LogCaptureFixture
) -> None:
    last.script = [RuntimeError("upset by 'My secret wish'")]
    caplog.set_level(logging.INFO)

    await http.post(CHAT, json=ask(model="last"))

    assert "the backend of last raised RuntimeError at" in caplog.text
    assert "fakes.py" in caplog.text
    assert "secret" not in caplog.text


async def test_all_backends_are_closed_at_the_end(
    app: FastAPI, backend: ScriptedBackend, spare: ScriptedBackend
) -> None:
    async with serve(app):
        assert not backend.released

    assert (backend.released, spare.released) == (True, True)


class StubbornBackend(ScriptedBackend):
    async def aclose(self) -> None:
        raise RuntimeError("I stay.")


async def test_a_backend_that_cannot_be_closed_does_not_keep_others_open(
    settings: Settings, backend: ScriptedBackend, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(settings, backends={"stubborn": StubbornBackend(), MODEL: backend})

    async with serve(app):
        pass

    assert backend.released
    assert "the backend of stubborn could not be closed" in caplog.text


def test_an_unknown_backend_is_named_with_those_there_are() -> None:
    settings = Settings(models={"anna": ModelSettings(backend="gpt")})

    with pytest.raises(InvalidSettings) as caught:
        create_app(settings)

    assert str(caught.value) == (
        "models.anna.backend: there is no backend 'gpt'"
        " (installed: anthropic, mock, openai, python)"
    )


@pytest.mark.parametrize(
    ("backend", "options", "problem"),
    [
        ("mock", {"token_s": -1}, "models.anna.options.token_s: Input should be greater than"),
        ("mock", {"replies": "no list"}, "models.anna.options.replies: Input should be a valid"),
        ("mock", {"repli": "x"}, "models.anna.options.repli: unknown key, did you mean 'repl"),
        ("openai", {"base_url": "localhost:1"}, "models.anna.options.base_url: expected an http"),
        ("openai", {"api_key": 12345}, "models.anna.options.api_key: Input should be a valid s"),
    ],
)
def test_wrong_options_are_named_by_their_path_and_not_shown(
    backend: str, options: dict[str, object], problem: str
) -> None:
    settings = Settings(models={"anna": ModelSettings(backend=backend, options=options)})

    with pytest.raises(InvalidSettings) as caught:
        create_app(settings)

    assert str(caught.value).startswith(problem)
    assert "12345" not in str(caught.value)


def test_openai_itself_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    settings = Settings(models={"anna": ModelSettings(backend="openai")})

    with pytest.raises(InvalidSettings, match=r"models\.anna\.options\.api_key: expected a key"):
        create_app(settings)
