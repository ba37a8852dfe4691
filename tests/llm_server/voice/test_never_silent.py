import pytest

from llm_server.errors import EmptyAnswer, UpstreamFailed
from llm_server.events import Delta, Event, Events, Failed, Finish, Late, aside, text_delta
from llm_server.voice.apology import never_silent
from llm_server.voice.filler import fill_in
from llm_server.voice.phrases import phrases_for
from tests.llm_server.routing.routers import taken, text

ENGLISH = phrases_for("en")
FILLER = aside("One moment.. ")
DOWN = UpstreamFailed("Down.")
CALL = Delta({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{}"}}]})


async def playing(*steps: Event | Exception) -> Events:
    for step in steps:
        if isinstance(step, Exception):
            raise step
        yield [step]


async def heard(*steps: Event | Exception) -> str:
    """What is heard of an answer, which must have one end."""
    events = await taken(never_silent(playing(*steps), ENGLISH))
    assert [type(event) for event in events if isinstance(event, Finish)] == [Finish]
    assert isinstance(events[-1], Finish)
    return text(events)


@pytest.mark.parametrize("words", ["", " \n", "**", "…"])
async def test_an_answer_without_words_is_apologised_for(words: str) -> None:
    assert (await heard(text_delta(words), Finish())).endswith(ENGLISH.apology)


@pytest.mark.parametrize("failure", [Finish(), EmptyAnswer(""), DOWN])
async def test_a_filler_is_no_answer(failure: Finish | Exception) -> None:
    assert await heard(FILLER, failure) == f"One moment.. {ENGLISH.apology}"


async def test_a_failure_before_the_first_word_is_apologised_for() -> None:
    assert await heard(DOWN) == ENGLISH.apology


@pytest.mark.parametrize(
    ("said", "between"),
    [
        ("It opens at", "… "),
        ("It opens at ", ""),
        ("It opens at eight.", " "),
        ("It opens at eight. ", ""),
        ("It costs 3.", "… "),
    ],
)
async def test_a_failure_in_the_middle_is_told_after_what_was_said(said: str, between: str) -> None:
    assert await heard(text_delta(said), DOWN) == f"{said}{between}{ENGLISH.broken_off}"


async def test_white_space_at_the_end_of_an_answer_does_not_make_it_empty() -> None:
    said = "Hello." + "\n" * 40

    assert await heard(text_delta(said), Finish()) == said


async def test_a_tool_call_is_an_answer() -> None:
    assert await heard(CALL, Finish("tool_calls")) == ""


async def test_a_failure_after_the_end_is_not_told() -> None:
    assert await heard(text_delta("Hello."), Finish(), DOWN) == "Hello."


async def test_the_failure_is_told_to_the_record_before_it_is_apologised_for() -> None:
    events = await taken(never_silent(playing(DOWN), ENGLISH))

    assert events == [Failed("upstream_failed"), aside(ENGLISH.apology, "apology"), Finish()]


async def test_a_mistake_of_the_server_s_own_is_no_silence_either() -> None:
    events = await taken(never_silent(playing(ValueError("'My secret wish'")), ENGLISH))

    assert events == [Failed("server_error"), aside(ENGLISH.apology, "apology"), Finish()]


class Filler:
    def __init__(self) -> None:
        self.asked_for = 0

    def __call__(self) -> str:
        self.asked_for += 1
        return "One moment.. "


async def test_a_filler_is_said_when_it_is_late() -> None:
    events = await taken(fill_in(playing(Late(), text_delta("Hello.")), Filler()))

    assert events == [FILLER, text_delta("Hello.")]


async def test_one_answer_has_one_filler() -> None:
    filler = Filler()
    events = playing(Late(), CALL, Late(), text_delta("Hello."), Late())

    assert text(await taken(fill_in(events, filler))) == "One moment.. Hello."
    assert filler.asked_for == 1


@pytest.mark.parametrize("said", [text_delta("Let me see."), aside("I am looking.. ")])
async def test_there_is_no_filler_after_words(said: Delta) -> None:
    filler = Filler()

    await taken(fill_in(playing(said, Late(), text_delta("Hello.")), filler))

    assert filler.asked_for == 0


async def test_where_it_would_annoy_there_is_no_filler() -> None:
    events = await taken(fill_in(playing(Late(), text_delta("Hello.")), lambda: None))

    assert text(events) == "Hello."
