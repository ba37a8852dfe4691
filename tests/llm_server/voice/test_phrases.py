from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from llm_server.voice.phrases import (
    PhraseBook,
    Phrases,
    PhraseSettings,
    choose,
    phrases_for,
    spoken_at_once,
)
from llm_server.voice.sentences import has_sentence

LANGUAGES = [
    *["ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "hu", "id", "it", "ja"],
    *["ko", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh"],
    "zh-Hant",
]

ENGLISH = phrases_for("en")


@pytest.mark.parametrize(
    ("language", "same"),
    [
        ("de-AT", "de"),
        ("DE", "de"),
        ("de_CH", "de"),
        ("pt-PT", "pt"),
        ("pt-br", "pt-BR"),
        ("no", "nb"),
        ("no-NO", "nb"),
        ("iw", "he"),
        ("zh-CN", "zh"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("tlh", "en"),
        ("", "en"),
    ],
)
def test_a_language_is_found_by_its_tag(language: str, same: str) -> None:
    assert phrases_for(language) is phrases_for(same)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_phrases_of_its_own(language: str) -> None:
    phrases = phrases_for(language)

    assert language == "en" or phrases is not ENGLISH
    assert len(set(phrases.fillers)) >= 4
    assert len(set(phrases.working)) >= 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_fillers_are_whole_sentences_before_anything_follows(language: str) -> None:
    phrases = phrases_for(language)

    for line in (*phrases.fillers, *phrases.working):
        assert line.endswith((".. ", "。。 "))
        assert has_sentence(line)


@pytest.mark.parametrize("language", LANGUAGES)
def test_apologies_end_in_a_mark(language: str) -> None:
    phrases = phrases_for(language)

    assert phrases.apology[-1] in ".?;？؟"
    assert phrases.broken_off[-1] in ".?;？؟"


@pytest.mark.parametrize(
    ("phrase", "line"),
    [
        ("One moment", "One moment.. "),
        ("One moment. ", "One moment.. "),
        ("Let me see…", "Let me see.. "),
        ("Hm,", "Hm.. "),
        ("Sure!", "Sure!! "),
        ("You know what?", "You know what?! "),
        ("请稍等。", "请稍等。。 "),
        ("ええと、", "ええと。。 "),
        ("好！", "好！！ "),
        ("잠시만요", "잠시만요.. "),
    ],
)
def test_whatever_a_phrase_ends_in_it_is_spoken_at_once(phrase: str, line: str) -> None:
    assert spoken_at_once(phrase) == line


def test_own_phrases_replace_those_of_their_language_one_by_one() -> None:
    book = PhraseBook({"de": PhraseSettings(fillers=("Moment",))})

    assert book.phrases_for("de-AT").fillers == ("Moment.. ",)
    assert book.phrases_for("de").apology == phrases_for("de").apology
    assert book.phrases_for("en") == ENGLISH


def test_a_region_differs_from_its_language_only_in_what_is_said_of_it() -> None:
    book = PhraseBook(
        {"de-AT": PhraseSettings(apology="Pardon."), "de": PhraseSettings(broken_off="Hoppla.")}
    )

    assert book.phrases_for("de-AT").apology == "Pardon."
    assert book.phrases_for("de-AT").broken_off == "Hoppla."
    assert book.phrases_for("de").apology == phrases_for("de").apology


def test_a_new_language_speaks_english_where_it_has_no_phrase() -> None:
    book = PhraseBook({"tlh": PhraseSettings(apology="jIQoS.")})

    assert book.phrases_for("tlh") == Phrases(
        ENGLISH.fillers, ENGLISH.working, ENGLISH.broken_off, "jIQoS."
    )


@pytest.mark.parametrize(
    "wrong", [{"fillers": []}, {"fillers": [""]}, {"working": ["..."]}, {"apology": ""}, {"a": "b"}]
)
def test_a_phrase_without_words_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PhraseSettings.model_validate(wrong)


@given(st.randoms(use_true_random=False))
def test_no_filler_is_chosen_twice_in_a_row(random: Random) -> None:
    chosen: list[str] = []
    for _ in range(20):
        chosen.append(choose(ENGLISH.fillers, chosen[-1] if chosen else None, random))

    assert all(one != next for one, next in pairwise(chosen))


def test_a_single_filler_is_better_than_none() -> None:
    assert choose(["Hm.. "], "Hm.. ", Random()) == "Hm.. "
