import random
from itertools import pairwise

import pytest

from agents_admin.simulator.sentences import SentenceAggregator


def split(*pieces: str) -> list[str]:
    aggregator = SentenceAggregator()
    sentences = [sentence for piece in pieces for sentence in aggregator.add(piece)]
    rest = aggregator.finish()
    return [*sentences, rest] if rest else sentences


@pytest.mark.parametrize(
    ("filler", "spoken", "after_it"),
    [
        ("One moment. ", [], ["One moment.", "We open at nine."]),
        ("One moment! ", [], ["One moment!", "We open at nine."]),
        ("One sec.\n", [], ["One sec.", "We open at nine."]),
        ("Let me check… ", [], ["Let me check… We open at nine."]),
        ("Let me check, ", [], ["Let me check, We open at nine."]),
        ("Let me check... ", ["Let me check.."], [".", "We open at nine."]),
        ("One moment.. ", ["One moment.."], ["We open at nine."]),
        ("One moment?! ", ["One moment?!"], ["We open at nine."]),
        ("Okay?! ", ["Okay?!"], ["We open at nine."]),
    ],
)
def test_only_a_double_mark_is_spoken_before_the_next_word(
    filler: str, spoken: list[str], after_it: list[str]
) -> None:
    aggregator = SentenceAggregator()

    assert aggregator.add(filler) == spoken

    assert [*aggregator.add("We open at nine."), aggregator.finish()] == after_it


def test_the_first_character_of_the_next_word_releases_a_sentence() -> None:
    aggregator = SentenceAggregator()

    assert aggregator.add("Yes. ") == []
    assert aggregator.add("W") == ["Yes."]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Linden is in.",
        "Ask Mrs. Hall, Mr. Hall or Prof. Weiss.",
        "We open at 9 a.m. and close at 5 p.m. on weekdays.",
        "Pi is 3.14 or so.",
        "It costs $3.50 or 4.20 per brush.",
        "Ask for J. R. Hill.",
        "We are at No. 5 Mill St. near the bridge.",
        "Bring a card, e.g. your insurance card.",
        "Write to help@linden.example or see linden.example for more.",
        "Come on the 3. of May",
        "no end mark at all",
    ],
)
def test_such_periods_end_no_sentence(text: str) -> None:
    assert split(text) == [text]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It costs 50. We take cards.", ["It costs 50.", "We take cards."]),
        ("No. We are closed.", ["No.", "We are closed."]),
        ("So do I. Thanks.", ["So do I.", "Thanks."]),
        ('"Hello!" She waved. (Twice.) Bye.', ['"Hello!"', "She waved.", "(Twice.)", "Bye."]),
        ("**Sure.** Come in.", ["**Sure.**", "Come in."]),
        ("Yes! no? maybe.", ["Yes!", "no?", "maybe."]),
        ("  Hi.  \n\n Come in", ["Hi.", "Come in"]),
        ("はい。九時です。どうぞ", ["はい。", "九時です。", "どうぞ"]),
        ("「はい。」そうです!?ええ", ["「はい。」", "そうです!?", "ええ"]),
        ("好吗？好！走。", ["好吗？", "好！", "走。"]),
        ("", []),
        (" \n", []),
        (".", ["."]),
    ],
)
def test_sentences_end_at_their_marks(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


LONG = (
    'Dr. Linden said: "Come in!" It costs $3.50, i.e. not much... One moment.. '
    "We open at 9 a.m. on weekdays. 九時です。どうぞ。 Okay?! See you, J. Hill. Bye"
)


def test_every_split_in_two_gives_the_same_sentences() -> None:
    for at in range(len(LONG)):
        assert split(LONG[:at], LONG[at:]) == split(LONG)


def test_any_rechunking_gives_the_same_sentences() -> None:
    seeded = random.Random(7)
    for _ in range(200):
        cuts = sorted(seeded.sample(range(1, len(LONG)), seeded.randint(1, 40)))
        edges = [0, *cuts, len(LONG)]
        pieces = [LONG[a:b] for a, b in pairwise(edges)]
        assert split(*pieces) == split(LONG)
