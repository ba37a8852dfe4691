"""An avatar's answers through the ears of a listener: sentence by sentence, when each is spoken.

The listener is the simulator's: it cuts a stream into sentences as a voice pipeline does.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import anyio
import httpx2
import pytest
from fastapi import FastAPI

from agents_admin.simulator.sentences import SentenceAggregator
from llm_server import Settings, create_app
from llm_server.errors import UpstreamFailed
from llm_server.events import Delta, text_delta
from llm_server.model_settings import ModelSettings
from llm_server.voice.phrases import phrases_for
from llm_server.voice.policy import VoiceSettings
from tests.llm_server.fakes import ListSink, ScriptedBackend, Step, never, says
from tests.llm_server.wire import CHAT, MODEL, ask

GERMAN = phrases_for("de")
FILLERS = {filler.strip() for filler in GERMAN.fillers}

Sentences = AsyncGenerator[str]


async def heard(avatar: httpx2.AsyncClient, **members: Any) -> Sentences:
    """The sentences of an answer, each at the moment at which it is spoken."""
    aggregator = SentenceAggregator()
    async with avatar.stream("POST", CHAT, json=ask(stream=True, **members)) as response:
        async for line in response.aiter_lines():
            data = line.removeprefix("data: ")
            if data == "[DONE]":
                break
            for choice in json.loads(data)["choices"] if data != line else ():
                for sentence in aggregator.add(choice["delta"].get("content") or ""):
                    yield sentence
        if rest := aggregator.finish():
            yield rest


def sentences_of(text: str) -> list[str]:
    aggregator = SentenceAggregator()
    return [*aggregator.add(text), aggregator.finish()]


@pytest.fixture
def spare() -> ScriptedBackend:
    return ScriptedBackend()


@pytest.fixture
def app(
    settings: Settings, sink: ListSink, backend: ScriptedBackend, spare: ScriptedBackend
) -> FastAPI:
    models = {
        MODEL: ModelSettings(backend="mock", fallbacks=["spare"], first_content_s=0.2),
        "spare": ModelSettings(backend="mock"),
    }
    voices = {"default": VoiceSettings(filler_after_s=0.05)}
    settings = settings.model_copy(update={"models": models, "voices": voices})
    return create_app(settings, sink, backends={MODEL: backend, "spare": spare})


@pytest.fixture
async def sentences(avatar_http: httpx2.AsyncClient) -> AsyncGenerator[Sentences]:
    """What is heard of one answer. A sentence that is not spoken in time fails the test."""
    with anyio.fail_after(10):
        async with aclosing(heard(avatar_http)) as sentences:
            yield sentences


async def test_a_sentence_is_heard_while_the_next_is_being_written(
    sentences: Sentences, backend: ScriptedBackend
) -> None:
    rest = anyio.Event()
    backend.script = [text_delta("We open at eight. Come"), rest, *says(" in.")]

    assert await anext(sentences) == "We open at eight."
    rest.set()
    assert [sentence async for sentence in sentences] == ["Come in."]


async def test_the_last_sentence_is_heard_as_soon_as_the_model_is_done(
    sentences: Sentences, backend: ScriptedBackend
) -> None:
    backend.script = [*says("We open at eight. Come in"), never()]

    assert await anext(sentences) == "We open at eight."
    assert await anext(sentences) == "Come in"
    assert not backend.closed.is_set()


async def test_the_last_sentence_does_not_wait_for_a_count_that_is_late(
    avatar_http: httpx2.AsyncClient, backend: ScriptedBackend
) -> None:
    backend.script = [*says("Come in."), never()]

    with anyio.fail_after(10):
        async with aclosing(heard(avatar_http, stream_options={"include_usage": True})) as said:
            assert await anext(said) == "Come in."
            assert not backend.closed.is_set()


@pytest.mark.parametrize(
    "meanwhile",
    [
        Delta({"content": "", "reasoning_content": "Hm."}),
        text_delta(" \n"),
        text_delta("<think>Hm.</think>"),
        text_delta("## "),
    ],
    ids=["thoughts", "white space", "thoughts in the text", "marks"],
)
async def test_a_filler_is_heard_before_there_are_words(
    sentences: Sentences, backend: ScriptedBackend, spare: ScriptedBackend, meanwhile: Delta
) -> None:
    answer = anyio.Event()
    backend.script = [meanwhile, answer, *says("We open at eight. Come in.")]
    spare.script = [never()]

    assert await anext(sentences) in FILLERS
    answer.set()
    assert [sentence async for sentence in sentences] == ["We open at eight.", "Come in."]


async def test_who_is_overtaken_is_not_heard(
    sentences: Sentences, backend: ScriptedBackend, spare: ScriptedBackend
) -> None:
    late, answer = anyio.Event(), anyio.Event()
    backend.script = [late, *says("I am late.")]
    spare.script = [answer, text_delta("We open at eight. Come"), late, *says(" in.")]

    assert await anext(sentences) in FILLERS
    answer.set()
    assert await anext(sentences) == "We open at eight."
    late.set()
    assert [sentence async for sentence in sentences] == ["Come in."]


async def test_an_apology_is_heard_after_the_filler_when_there_will_be_no_answer(
    sentences: Sentences, backend: ScriptedBackend, spare: ScriptedBackend
) -> None:
    over = anyio.Event()
    backend.script = spare.script = [over, UpstreamFailed("It broke.")]

    assert await anext(sentences) in FILLERS
    over.set()
    assert [sentence async for sentence in sentences] == sentences_of(GERMAN.apology)


WRITTEN = (
    "<think>They want to know when we open.</think>## Opening hours\n\n"
    "**Sure!** 😀 We open at *eight*, see [our page](https://example.com/hours?of=all).\n\n"
    "- Bring a `card`.\n- Bring time.\n\n```python\nprint('hours')\n```\nThat is all."
)
SPOKEN = [
    "Opening hours.",
    "Sure!",
    "We open at eight, see our page.",
    "Bring a card.",
    "Bring time.",
    "That is all.",
]


@pytest.mark.parametrize("pieces", [[WRITTEN], list(WRITTEN)], ids=["at once", "by letters"])
async def test_only_what_can_be_spoken_is_heard(
    sentences: Sentences, backend: ScriptedBackend, pieces: list[str]
) -> None:
    backend.script = says(*pieces)

    assert [sentence async for sentence in sentences] == SPOKEN


BROKEN: list[Step] = [text_delta("We open at eight. Please bring"), UpstreamFailed("It broke.")]


@pytest.mark.parametrize(
    "rest",
    [
        ["We open at eight. ", "Please bring a card. Come in."],
        ["Please ", "bring a card. Come in."],
        [" a card. Come in."],
        ["<think>Where was I?</think>", "**a** card. Come in."],
    ],
    ids=["all again", "the sentence again", "the rest", "the rest, after a thought"],
)
async def test_nothing_is_heard_twice_when_another_goes_on(
    sentences: Sentences, backend: ScriptedBackend, spare: ScriptedBackend, rest: list[str]
) -> None:
    backend.script = BROKEN
    spare.script = says(*rest)

    assert [sentence async for sentence in sentences] == [
        "We open at eight.",
        "Please bring a card.",
        "Come in.",
    ]


async def test_when_nobody_goes_on_the_last_words_are_an_apology(
    sentences: Sentences, backend: ScriptedBackend, spare: ScriptedBackend
) -> None:
    backend.script, spare.script = BROKEN, [UpstreamFailed("It broke, too.")]

    assert [sentence async for sentence in sentences] == [
        "We open at eight.",
        *sentences_of(f"Please bring… {GERMAN.broken_off}"),
    ]
