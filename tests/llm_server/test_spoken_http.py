"""What an avatar hears over the wire."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import anyio
import httpx2
import pytest
from fastapi import FastAPI

from llm_server import SessionClaims, SessionKeys, Settings, create_app
from llm_server.errors import UpstreamFailed
from llm_server.events import Delta, Finish, Usage, text_delta
from llm_server.model_settings import ModelSettings
from llm_server.voice.phrases import phrases_for
from llm_server.voice.policy import VoiceSettings
from tests.llm_server.fakes import ListSink, ScriptedBackend, never, says
from tests.llm_server.servers import serve
from tests.llm_server.wire import API_KEY, CHAT, MODEL, SECRET, ask, payloads, spoken

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
WITH_USAGE: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
DOWN = UpstreamFailed("Down.")


@pytest.fixture
def spare() -> ScriptedBackend:
    return ScriptedBackend(says("I am the spare."))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    models = {
        MODEL: ModelSettings(backend="mock", retries=0, stall_s=5, fallbacks=["spare"]),
        "spare": ModelSettings(backend="mock", retries=0),
        "everyone": ModelSettings(backend="mock", voice_for="everyone", stall_s=0.02),
    }
    # Their validators make sure of a default, which a copy has not.
    voices = {"default": VoiceSettings(filler_after_s=None, usage_wait_s=0.01)}
    return settings.model_copy(update={"models": models, "voices": voices})


@pytest.fixture
def app(
    settings: Settings, sink: ListSink, backend: ScriptedBackend, spare: ScriptedBackend
) -> FastAPI:
    backends = {MODEL: backend, "spare": spare, "everyone": backend}
    return create_app(settings, sink, backends=backends)


@asynccontextmanager
async def listening(
    http: httpx2.AsyncClient, until: bytes = b"", **members: Any
) -> AsyncIterator["Listener"]:
    """Someone who has heard so much of an answer."""
    with anyio.fail_after(5):
        async with http.stream("POST", CHAT, json=ask(**members)) as response:
            listener = Listener(response)
            await listener.hears(until)
            yield listener


class Listener:
    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._pieces = response.aiter_bytes()
        self.received = b""

    async def hears(self, words: bytes) -> None:
        while words not in self.received:
            self.received += await anext(self._pieces)

    async def hangs_up(self) -> None:
        await self._response.aclose()

    async def rest(self) -> httpx2.Response:
        """The whole response."""
        async with aclosing(self._pieces) as pieces:
            self.received += b"".join([piece async for piece in pieces])
        return httpx2.Response(self._response.status_code, content=self.received)


async def test_who_asks_the_same_twice_hears_one_answer(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    more = anyio.Event()
    backend.script = [text_delta("One. "), more, text_delta("Two."), Finish()]

    async with listening(avatar_http, b"One. ") as first:
        async with listening(avatar_http, b"One. ") as second:
            more.set()
            assert spoken(await second.rest()) == "One. Two."
        assert spoken(await first.rest()) == "One. Two."

    assert len(backend.requests) == 1
    assert (await sink.turn()).outcome == "completed"


async def test_the_second_goes_on_listening_when_the_first_hangs_up(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    more = anyio.Event()
    backend.script = [text_delta("One. "), more, text_delta("Two."), Finish()]

    async with (
        listening(avatar_http, b"One. ") as first,
        listening(avatar_http, b"One. ") as second,
    ):
        await first.hangs_up()
        more.set()
        assert spoken(await second.rest()) == "One. Two."

    assert len(backend.requests) == 1
    assert (await sink.turn()).answer_text == "One. Two."


@pytest.mark.parametrize("said", ["", "One. "], ids=["before the first word", "after it"])
async def test_a_barge_in_stops_the_upstream_of_a_session(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink, said: str
) -> None:
    backend.script = [*([text_delta(said)] if said else []), never(), text_delta("Two.")]

    async with listening(avatar_http, said.encode()):
        await backend.asked.wait()

    with anyio.fail_after(2):
        await backend.closed.wait()
    turn = await sink.turn()
    assert (turn.outcome, turn.answer_text) == ("cancelled", said)


async def test_who_asks_again_after_a_hang_up_is_answered_anew(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [text_delta("One. "), never()]
    async with listening(avatar_http, b"One. "):
        pass
    backend.script = says("Again.")

    assert spoken(await avatar_http.post(CHAT, json=ask())) == "Again."


async def test_a_newer_turn_ends_the_older_and_only_the_newer_is_recorded(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [text_delta("One. "), never()]

    async with listening(avatar_http, b"One. ") as first:
        backend.script = says("Newer.")
        newer = [{"role": "user", "content": "Something else."}]
        second = await avatar_http.post(CHAT, json=ask(messages=newer))
        assert spoken(await first.rest()) == "One. "

    assert spoken(second) == "Newer."
    turn = await sink.turn()
    assert (turn.answer_text, turn.user_text) == ("Newer.", "Something else.")


async def test_a_summary_beside_the_conversation_leaves_it_alone(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    more = anyio.Event()
    backend.script = [text_delta("One. "), more, text_delta("Two."), Finish()]

    async with listening(avatar_http, b"One. ") as first:
        backend.script = says("Summary.")
        summary = await avatar_http.post(CHAT, json=ask(stream=False))
        more.set()
        assert spoken(await first.rest()) == "One. Two."

    assert summary.json()["choices"][0]["message"]["content"] == "Summary."
    assert len(backend.requests) == 2


async def test_another_session_is_answered_by_itself(
    url: str, avatar_http: httpx2.AsyncClient, claims: SessionClaims, backend: ScriptedBackend
) -> None:
    more = anyio.Event()
    backend.script = [text_delta("One. "), more, text_delta("Two."), Finish()]
    key = SessionKeys(SECRET).sign(replace(claims, session_id=uuid4()))
    headers = {"authorization": f"Bearer {key}"}

    async with (
        httpx2.AsyncClient(base_url=url, headers=headers) as other,
        listening(avatar_http, b"One. ") as first,
        listening(other, b"One. ") as second,
    ):
        more.set()
        assert spoken(await first.rest()) == spoken(await second.rest()) == "One. Two."

    assert len(backend.requests) == 2


async def test_an_answer_that_breaks_off_is_one_valid_stream(
    avatar_http: httpx2.AsyncClient,
    backend: ScriptedBackend,
    spare: ScriptedBackend,
    sink: ListSink,
) -> None:
    backend.script = [text_delta("We open at"), DOWN]
    spare.script = says("We open at eight.")

    response = await avatar_http.post(CHAT, json=ask())

    assert spoken(response) == "We open at eight."
    *received, _ = payloads(response)
    choices = [chunk["choices"][0] for chunk in received]
    assert [choice["delta"].get("role") for choice in choices].count("assistant") == 1
    assert [choice["finish_reason"] for choice in choices if choice["finish_reason"]] == ["stop"]
    assert len({chunk["id"] for chunk in received}) == 1
    turn = await sink.turn()
    assert (turn.outcome, turn.answered_by) == ("completed", "spare")
    assert [(attempt.model, attempt.outcome) for attempt in turn.attempts] == [
        (MODEL, "upstream_failed"),
        ("spare", "answered"),
    ]


@pytest.mark.parametrize("split", [True, False], ids=["piece by piece", "in one piece"])
async def test_the_end_does_not_wait_for_usage_that_was_not_asked_for(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink, split: bool
) -> None:
    usage = anyio.Event()
    # Several choices of which the other ends first: then the end is alone, or all there is.
    backend.script = (
        [*says("Hello."), usage, Usage(USAGE)] if split else [Finish(), usage, Usage(USAGE)]
    )

    async with listening(http, b"[DONE]", stream=True):
        assert sink.turns == []
        usage.set()
        turn = await sink.turn()

    assert (turn.outcome, turn.completion_tokens) == ("completed", 2)


async def test_late_usage_does_not_make_a_turn_longer(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    usage = anyio.Event()
    backend.script = [*says("Hello."), usage, Usage(USAGE)]

    async with listening(http, b"[DONE]", stream=True):
        began = anyio.current_time()
        await anyio.sleep(0.05)
        usage.set()
        turn = await sink.turn()
        waited_s = anyio.current_time() - began

    assert turn.completion_tokens == 2
    assert turn.duration_s < waited_s


async def test_a_plain_caller_gets_the_usage_it_asked_for_however_late(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    usage = anyio.Event()
    backend.script = [*says("Hello."), usage, Usage(USAGE)]

    async with listening(http, b'"stop"', **WITH_USAGE) as caller:
        assert b"[DONE]" not in caller.received
        usage.set()
        response = await caller.rest()

    *_, last, done = payloads(response)
    assert (last["usage"], last["choices"], done) == (USAGE, [], "[DONE]")


async def test_a_session_gets_usage_that_comes_in_time(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [*says("Hello."), Usage(USAGE)]

    *_, last, done = payloads(await avatar_http.post(CHAT, json=ask(**WITH_USAGE)))

    assert (last["usage"], done) == (USAGE, "[DONE]")


async def test_a_session_does_not_wait_long_for_its_usage(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    usage = anyio.Event()
    backend.script = [*says("Hello."), usage, Usage(USAGE)]

    async with listening(avatar_http, b"[DONE]", **WITH_USAGE) as listener:
        usage.set()
        response = await listener.rest()

    assert spoken(response) == "Hello."
    assert (await sink.turn()).completion_tokens == 2


async def test_a_hang_up_while_usage_is_waited_for_closes_the_backend(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [*says("Hello."), never()]

    async with listening(http, b'"stop"', **WITH_USAGE):
        pass

    with anyio.fail_after(2):
        await backend.closed.wait()
    assert (await sink.turn()).answer_text == "Hello."


async def test_an_answer_is_not_joined_while_it_waits_for_its_usage(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    usage = anyio.Event()
    backend.script = [*says("Hello."), usage, Usage(USAGE)]

    async with listening(avatar_http, b"[DONE]"):
        assert spoken(await avatar_http.post(CHAT, json=ask(stream=True))) == "Hello."
        assert len(backend.requests) == 2
        usage.set()
        with anyio.fail_after(5):
            while len(sink.turns) < 2:  # noqa: ASYNC110
                await anyio.sleep(0.005)

    assert [turn.outcome for turn in sink.turns] == ["completed", "completed"]


async def test_two_choices_need_two_ends(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    second, usage = anyio.Event(), anyio.Event()
    a, b = Delta({"content": "a"}, 0), Delta({"content": "b"}, 1)
    backend.script = [a, Finish(index=0), second, b, Finish(index=1), usage]

    async with listening(http, b'"stop"', stream=True, n=2) as caller:
        assert b"[DONE]" not in caller.received
        second.set()
        await caller.hears(b"[DONE]")
        usage.set()


async def test_as_many_choices_as_a_number_can_name_are_no_harm(
    http: httpx2.AsyncClient,
) -> None:
    response = await http.post(CHAT, json=ask(stream=True, n=10**12))

    assert payloads(response)[-1] == "[DONE]"


async def test_everyone_gets_a_spoken_answer_where_that_is_wanted(
    http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [text_delta("**Hello**"), DOWN]

    response = await http.post(CHAT, json=ask(model="everyone", stream=True))

    assert spoken(response) == f"Hello… {phrases_for('en').broken_off}"


async def test_usage_that_never_comes_ends_a_spoken_answer_for_everyone_too(
    http: httpx2.AsyncClient,
    backend: ScriptedBackend,
    sink: ListSink,
    caplog: pytest.LogCaptureFixture,
) -> None:
    backend.script = [*says("Hello."), never()]

    async with listening(http, b"[DONE]", **WITH_USAGE, model="everyone"):
        turn = await sink.turn()

    assert turn.outcome == "completed"
    assert backend.closed.is_set()
    assert "Exception" not in caplog.text


@pytest.mark.parametrize(("voice", "heard"), [("plain", "**Hi**"), (None, "Hi"), ("gone", "Hi")])
async def test_a_session_is_spoken_to_in_its_own_voice(
    settings: Settings,
    claims: SessionClaims,
    backend: ScriptedBackend,
    voice: str | None,
    heard: str,
) -> None:
    backend.script = says("**Hi**")
    voices = {**settings.voices, "plain": VoiceSettings(speakable=False)}
    app = create_app(
        settings.model_copy(update={"voices": voices}),
        backends={MODEL: backend, "spare": backend, "everyone": backend},
    )
    key = SessionKeys(SECRET).sign(replace(claims, voice=voice))
    headers = {"authorization": f"Bearer {key}"}

    async with serve(app) as url, httpx2.AsyncClient(base_url=url, headers=headers) as http:
        assert spoken(await http.post(CHAT, json=ask())) == heard


@pytest.fixture
async def hasty_url(
    settings: Settings, sink: ListSink, backend: ScriptedBackend
) -> AsyncIterator[str]:
    """A server that says a filler after 10 ms."""
    voices = {"default": VoiceSettings(filler_after_s=0.01)}
    models = {MODEL: ModelSettings(backend="mock", voice_for="everyone")}
    settings = settings.model_copy(update={"voices": voices, "models": models})
    async with serve(create_app(settings, sink, backends={MODEL: backend})) as url:
        yield url


async def test_a_filler_is_said_beside_the_answer(
    hasty_url: str, session_key: str, backend: ScriptedBackend, sink: ListSink
) -> None:
    late = anyio.Event()
    backend.script = [late, *says("Hallo.")]
    headers = {"authorization": f"Bearer {session_key}"}

    async with (
        httpx2.AsyncClient(base_url=hasty_url, headers=headers) as avatar,
        listening(avatar, b".. ") as listener,
    ):
        late.set()
        heard = spoken(await listener.rest())

    turn = await sink.turn()
    [filler] = turn.asides
    assert (filler.kind, filler.at) == ("filler", 0)
    assert filler.text in phrases_for("de").fillers
    assert (turn.answer_text, heard) == ("Hallo.", f"{filler.text}Hallo.")


async def test_an_answer_that_comes_as_a_whole_has_no_filler(
    hasty_url: str, backend: ScriptedBackend, sink: ListSink
) -> None:
    late = anyio.Event()
    backend.script = [late, *says("Hello.")]
    headers = {"authorization": f"Bearer {API_KEY}"}

    answers: list[httpx2.Response] = []

    async def post() -> None:
        async with httpx2.AsyncClient(base_url=hasty_url, headers=headers) as http:
            answers.append(await http.post(CHAT, json=ask(stream=False)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(post)
        await backend.asked.wait()
        await anyio.sleep(0.03)  # Longer than a listener is kept waiting.
        late.set()

    assert answers[0].json()["choices"][0]["message"]["content"] == "Hello."
    assert (await sink.turn()).asides == ()


async def test_a_plain_caller_without_fallbacks_hears_of_what_breaks_off(
    http: httpx2.AsyncClient, spare: ScriptedBackend
) -> None:
    spare.script = [text_delta("We open at"), DOWN]

    response = await http.post(CHAT, json=ask(model="spare", stream=True))

    assert payloads(response)[-1]["error"]["code"] == "upstream_failed"


async def test_a_plain_caller_with_fallbacks_is_rescued(
    http: httpx2.AsyncClient, backend: ScriptedBackend, spare: ScriptedBackend
) -> None:
    backend.script = [text_delta("We open at"), DOWN]
    spare.script = says("eight.")

    assert spoken(await http.post(CHAT, json=ask(stream=True))) == "We open at eight."
