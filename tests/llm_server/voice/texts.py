"""Texts as models write them: prose of many languages, every mark, and what nobody expects."""

from hypothesis import settings
from hypothesis import strategies as st

# The same examples on every run, however slow the machine.
stable = settings(deadline=None, derandomize=True, database=None, max_examples=300)

PROSE = [
    "Hello there, how are you today?",
    "It's the “first” of three; the second – and third – are free…",
    "Grüße aus München! Schöne Straße, nicht wahr?",
    "¿Cómo está? ¡Muy bien, gracias!",
    "Ça va ? « Très bien ! », dit-il.",
    "Привет! Как дела?",
    "Καλημέρα· πώς είστε;",
    "مرحبا، كيف حالك؟",
    "שלום, מה שלומך?",
    "می‌خواهم به خانه‌ام بروم.",
    "नमस्ते, आप कैसे हैं। क्‍ष",
    "สวัสดีครับ วันนี้เป็นอย่างไร",
    "你好，今天怎么样？",
    "こんにちは。「お元気ですか」",
    "안녕하세요? 오늘은 어때요.",
    "e\u0301te\u0301 a\u0308",
]
WORDS = ["word", "a", "h", "ht", "https", "5", "3.5", "1.", "2)", "10:30", "C#", "snake_case"]
MARKS = [
    *"*_~`#>|-+=[]()!<&;$\\/:.,?\"'@•【】†^%",
    *["**", "***", "__", "~~", "```", "~~~", "``", "---", "* * *", "===", "|---|", ":-:", "####"],
    *["- ", "* ", "+ ", "1. ", "2. ", "> ", "# ", "## ", "- [ ] ", "- [x] ", "| a | b |"],
    *["[a](", "](", "![", "[1]", "[^1]", "[1]: http", "【4†source】", "\ue200", "\ue201"],
    *["https://", "http://www.", "example.com", "/a_(b).", "<https://", "<a@b.de>", "www."],
    *["<think>", "</think>", "<b>", "</b>", "<br/>", "<p class=", "<!--", "-->", "a < b", "<li>"],
    *["&amp;", "&nbsp;", "&#42;", "&lt", "\\(", "\\)", "\\[", "\\*", "$$", "$5"],
    *["😀", "👨‍👩‍👧", "🇩🇪", "1️⃣", "👍🏽", "❤️", "©️", "™", "→", "\u200d", "\u200c", "\u200b"],
    *["\ufeff", "\u00ad", "\x00", "\x1c", "\x1d", "\x1e", "\x1f", "\ud83d", "\u200f"],
]
BLANKS = [" ", "  ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "\u202f", "\u3000", "\u2028", "    "]

fragments = st.sampled_from(PROSE) | st.sampled_from(WORDS) | st.sampled_from(MARKS)
texts = st.lists(
    fragments | st.sampled_from(MARKS + BLANKS) | st.text(max_size=3), max_size=25
).map("".join)
prose = st.lists(st.sampled_from(PROSE + BLANKS + WORDS[:2]), max_size=12).map("".join)


@st.composite
def pieces(draw: st.DrawFn, text: st.SearchStrategy[str]) -> list[str]:
    """A text, cut anywhere."""
    whole = draw(text)
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    return [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
