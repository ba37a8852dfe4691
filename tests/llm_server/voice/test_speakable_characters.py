"""Emoji and characters that are not heard, and the gaps they leave."""

import pytest

from llm_server.voice.speakable import speakable


@pytest.mark.parametrize(
    "emoji",
    ["😀", "👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "❤️", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "✨", "☀️", "⭐", "⚠️", "🫠", "👁️‍🗨️"],
)
def test_emoji_are_not_heard(emoji: str) -> None:
    assert speakable(f"Hello {emoji} there{emoji}! {emoji}{emoji}") == "Hello there! "


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1️⃣ First, #️⃣ and *️⃣", "1 First, # and *"),
        ("©️ Acme™️ ®", "© Acme™ ®"),
        ("one\u200btwo\ufeff\u00ad \x00\x07three\x1c\ud83d", "onetwo three"),
        ("e\u0301 a\u0308 \u200fשלום\u200e", "e\u0301 a\u0308 \u200fשלום\u200e"),
        ("می‌خواهم", "می‌خواهم"),
        ("क्‍ष", "क्‍ष"),
        ("ភាសា\u200bខ្មែរ", "ភាសា\u200bខ្មែរ"),
        ("葛\U000e0100城", "葛\U000e0100城"),
    ],
)
def test_only_unspoken_characters_go(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("one😀two", "one two"),
        ("one😀, two", "one, two"),
        ("one 😀 two", "one two"),
        ("(😀 one 😀)", "(one )"),
        ("😀 one", "one"),
        ("one 😀\ntwo", "one \ntwo"),
        ("one\n😀 two", "one\ntwo"),
        ("你好😀世界", "你好世界"),
        ("안녕😀하세요", "안녕 하세요"),
        ("one😀  two", "one  two"),
    ],
)
def test_a_gap_neither_joins_words_nor_doubles_blanks(written: str, said: str) -> None:
    assert speakable(written) == said
