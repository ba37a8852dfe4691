from collections.abc import Sequence
from contextlib import aclosing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_server.events import Answering, Delta, Event, Events, Finish, Usage, aside, text_delta
from llm_server.voice.length import at_most


class Source:
    """Plays its batches, and knows whether it was closed."""

    def __init__(self, *batches: Sequence[Event]) -> None:
        self._batches = batches
        self.played = 0
        self.closed = False

    async def events(self) -> Events:
        try:
            for batch in self._batches:
                self.played += 1
                yield batch
        finally:
            self.closed = True


def saying(*pieces: str) -> Source:
    return Source(*([text_delta(piece)] for piece in pieces), [Finish()])


async def passed_on(source: Source, words: int) -> list[Event]:
    async with aclosing(at_most(source.events(), words)) as events:
        return [event async for batch in events for event in batch]


async def said(source: Source, words: int) -> str:
    passed = await passed_on(source, words)
    return "".join(event.text for event in passed if isinstance(event, Delta))


STORY = "Once there was a king. He had three daughters. They were kind."


async def test_an_answer_that_is_short_enough_is_passed_on_as_it_is() -> None:
    events: list[Event] = [
        Answering("m"),
        text_delta("Yes. "),
        text_delta("No."),
        Finish(),
        Usage({"a": 1}),
    ]

    assert await passed_on(Source(events), words=20) == events


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (1, "Once there."),
        (3, "Once there was a king. "),
        (5, "Once there was a king. "),
        (6, "Once there was a king. He had three daughters. "),
        (9, "Once there was a king. He had three daughters. "),
        (10, STORY),
        (99, STORY),
    ],
)
async def test_an_answer_ends_with_the_sentence_of_its_last_word(words: int, kept: str) -> None:
    assert await said(saying(STORY), words) == kept


@pytest.mark.parametrize(
    ("text", "words", "kept"),
    [
        ("Ask Dr. Smith or e.g. me. Bye. ", 2, "Ask Dr. Smith or."),
        ("Ask Dr. Smith or e.g. me. Bye. ", 4, "Ask Dr. Smith or e.g. me. "),
        ("one, two, three, four, five", 2, "one, two, three, four,"),
        ("well-known facts don't end here", 2, "well-known facts don't end."),
        ("我们今天去公园。明天去学校。后天", 4, "我们今天去公园。"),
        ("我们今天去公园看花", 1, "我们今天。"),
        ("はい、そうですね。では", 2, "はい、そうですね。"),
        ("สวัสดีครับ ยินดีที่ได้รู้จัก", 2, "สวัสดีครับ "),
        ("ดีดีดีดีดีดีดีดีดี", 1, "ดีดีดีดี."),
        ("यह एक कहानी है। आगे", 4, "यह एक कहानी है। "),
        ("यह एक कहानी है जो", 2, "यह एक कहानी है."),
    ],
)
async def test_words_are_counted_as_they_are_spoken(text: str, words: int, kept: str) -> None:
    assert await said(saying(text), words) == kept


async def test_an_answer_that_was_cut_has_reached_its_length() -> None:
    passed = await passed_on(saying("One. Two. Three."), words=1)

    assert passed == [text_delta("One. "), Finish("length")]


async def test_the_source_is_closed_and_not_asked_for_the_rest() -> None:
    source = saying("One", ". ", "Two", ". ")

    await passed_on(source, words=1)

    assert (source.closed, source.played) == (True, 2)


async def test_a_source_is_closed_when_nobody_listens_any_more() -> None:
    source = saying("One", ". ", "Two", ". ")

    async with aclosing(at_most(source.events(), 9)) as events:
        await anext(events)

    assert source.closed


async def test_words_of_the_server_and_of_other_choices_do_not_count() -> None:
    other = Delta({"content": "Never mind me. "}, index=1)
    events = [aside("One moment.. "), other, Delta({"reasoning_content": "Hm. "}), text_delta("A")]

    assert await passed_on(Source([*events, Finish()]), words=1) == [*events, Finish()]


async def test_other_members_and_what_came_before_are_kept() -> None:
    before: list[Event] = [Answering("m"), aside("One moment.. ")]
    delta = Delta({"content": "One. Two.", "mood": "calm"}, chunk={"system_fingerprint": "x"})
    usage = Usage({"total_tokens": 3})

    passed = await passed_on(Source([*before, delta, Finish(), usage]), words=1)

    cut = Delta({"content": "One. ", "mood": "calm"}, chunk={"system_fingerprint": "x"})
    assert passed == [*before, cut, Finish("length"), usage]


TEXTS = st.lists(
    st.sampled_from(
        [
            "Yes",
            "Mr. ",
            "one ",
            "two, ",
            "three",
            ". ",
            "。",
            "你好",
            "界",
            "ครับ",
            "ี",
            " ",
            "3.5",
            "-",
        ]
    )
).map("".join)


def in_pieces(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in pairwise(places)]


@given(TEXTS, st.lists(st.integers(0, 200)), st.integers(1, 5))
async def test_what_is_said_does_not_depend_on_the_pieces(
    text: str, cuts: list[int], words: int
) -> None:
    whole = await said(saying(text), words)

    assert await said(saying(*in_pieces(text, cuts)), words) == whole


@given(TEXTS, st.integers(1, 5))
async def test_all_that_is_said_is_the_beginning_of_the_answer(text: str, words: int) -> None:
    kept = await said(saying(text), words)

    assert text.startswith(kept) or text.startswith(kept.removesuffix("。").removesuffix("."))
