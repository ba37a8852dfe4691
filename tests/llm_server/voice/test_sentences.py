from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_server.voice.sentences import END_CHARS, has_sentence, last_sentence_end, sentence_ends


def parts(text: str) -> list[str]:
    """The whole sentences of the text, and what is left."""
    ends = [0, *sentence_ends(text), len(text)]
    return [text[start:end] for start, end in pairwise(ends)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Yes. No", ["Yes. ", "No"]),
        ("No. 5 is alive", ["No. ", "5 is alive"]),
        ('"Go!" he said. “Now?!” ', ['"Go!" ', "he said. ", "“Now?!” ", ""]),
        ("Well…\nWhat", ["Well…\n", "What"]),
        ("Wait... what? ", ["Wait... ", "what? ", ""]),
        ("It was in 2024. Then", ["It was in 2024. ", "Then"]),
        ("So do I. Then", ["So do I. ", "Then"]),
        ("好的。我们走吧！走", ["好的。", "我们走吧！", "走"]),
        ("はい。そうです。", ["はい。", "そうです。", ""]),
        ("네. 알겠습니다. ", ["네. ", "알겠습니다. ", ""]),
        ("नमस्ते। आप कैसे हैं? ", ["नमस्ते। ", "आप कैसे हैं? ", ""]),
        ("كيف حالك؟ أنا بخير. ", ["كيف حالك؟ ", "أنا بخير. ", ""]),
        ("Τι κάνεις; Καλά. ", ["Τι κάνεις; ", "Καλά. ", ""]),
        ("Bonjour ! Ça va ? Oui", ["Bonjour ! ", "Ça va ? ", "Oui"]),
        ("«Ja», sagt er. »Gut.« Dann", ["«Ja», sagt er. ", "»Gut.« ", "Dann"]),
    ],
)
def test_sentences_are_told_apart(text: str, sentences: list[str]) -> None:
    assert parts(text) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes.",
        "It is 3. ",
        "It is 3.5 km",
        "see example.com or a.b ",
        "Mr. Smith ",
        "Dear\nMr. Smith ",
        "Ask Dr. J. R. Smith ",
        "fruit, e.g. apples ",
        "at 5 p.m. today ",
        "Obst, z. B. Äpfel ",
        "Obst, z.B. Äpfel ",
        "am 3. Mai, am 15. Juni ",
        "(Prof. Ek) ",
        "frukt, t.ex. äpplen ",
        "А. С. Пушкин ",
        "first; second ",
        "สวัสดีค่ะ ยินดีที่ได้รู้จัก ",
    ],
)
def test_what_may_go_on_is_no_sentence(text: str) -> None:
    assert not has_sentence(text)


def test_the_last_end_is_after_the_white_space_of_the_last_whole_sentence() -> None:
    assert last_sentence_end("One. Two! Three? Fo") == len("One. Two! Three? ")
    assert last_sentence_end("One, tw") == 0


def test_marks_before_the_start_are_not_looked_at() -> None:
    assert list(sentence_ends("One. Two. ", 4)) == [10]


@given(st.lists(st.sampled_from(["Mr. ", "Prof. ", "Yes", ". ", "。", "3", ".", "”", " ", "?!"])))
def test_a_sentence_is_found_in_pieces_when_only_the_tail_is_kept(pieces: list[str]) -> None:
    tail, found = "", False
    for piece in pieces:
        found = found or has_sentence(tail + piece, seen=len(tail))
        tail = (tail + piece)[-END_CHARS:]

    assert found == has_sentence("".join(pieces))


@pytest.mark.parametrize("mark", [".", "؟", '."'])
def test_a_run_of_marks_is_searched_in_linear_time(mark: str) -> None:
    # Quadratic, it would take minutes.
    assert not has_sentence(mark * 1_000_000)
