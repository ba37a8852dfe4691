"""Marks at the beginning of a line, and the pause at its end."""

import pytest

from llm_server.voice.speakable import speakable


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("# Title\n\nText", "Title.\n\nText"),
        ("### What is it?\nText", "What is it?\nText"),
        ("## **Bold** 🎉  \nText", "Bold.\nText"),
        ("# Learn C#", "Learn C#."),
        ("## Title ##\n# Learn C# #", "Title.\nLearn C#."),
        ("# 标题\n内容", "标题。\n内容"),
        ("# Überschrift:\nText", "Überschrift:\nText"),
        ("# عنوان\nنص", "عنوان.\nنص"),
        ("# Is it “it?”\nYes", "Is it “it?”\nYes"),
        ("Title\n=====\nText", "Title\nText"),
        ("#1 and #tag", "#1 and #tag"),
        ("####### seven", "####### seven"),
    ],
)
def test_a_heading_ends_like_a_sentence(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("- one\n- two!\n- three\n\nEnd", "one.\ntwo!\nthree.\n\nEnd"),
        ("* one\n+ two\n• three\n•four", "one.\ntwo.\nthree.\nfour."),
        ("- one\n  - nested\n    * deeper", "one.\n  nested.\n    deeper."),
        ("- [ ] to do\n- [x] done", "to do.\ndone."),
        ("- **Bold**: text\n- *end*", "Bold: text.\nend."),
        ("- fast 🚀\n- cheap 💰.\n", "fast.\ncheap.\n"),
        ("✅ done\n🔹 next", "done.\nnext."),
        ("- 一\n- 二。", "一。\n二。"),
        ("- ひとつ\n- ふたつ", "ひとつ。\nふたつ。"),
        ("- один\n- два;", "один.\nдва;"),
        ("- एक\n- दो।", "एक.\nदो।"),
        ("1. Mix\n2. Bake\n3. Eat!", "1. Mix.\n2. Bake.\n3. Eat!"),
        ("1. a\n   1. b\n   2. c\n2. d", "1. a.\n   1. b.\n   2. c.\n2. d."),
        ("1) Mix\n2) Bake", "1) Mix.\n2) Bake."),
        ("1. Mix\n   - eggs\n2. Bake", "1. Mix.\n   eggs.\n2. Bake."),
        ("١. واحد\n٢. اثنان", "١. واحد.\n٢. اثنان."),
        ("-\n- x", "x."),
        ("- -5 degrees", "-5 degrees."),
    ],
)
def test_an_item_ends_in_a_pause(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("> To be *or* not\n> to be", "To be or not\nto be"),
        ("> > nested\n>- item", "nested\nitem."),
        ("a\n\n---\n\nb", "a\n\nb"),
        ("a\n***\nb\n* * *\nc\n___", "a\nb\nc\n"),
        ("-" * 500 + "\na", "a"),
        ("-" * 17 + "a b", "a b"),
        ("a\n[1]: https://example.com 'Title'\nb", "a\nb"),
        ("[^1]: A *note*.\n[^2]: b", "A note.\nb"),
        ("[Note]: it is late", "[Note]: it is late"),
    ],
)
def test_quotes_and_dividers_are_not_heard(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "| Day | Price |\n|---|--:|\n| Mon | $5 |\n| Tue | -3 |",
            "Day, Price.\nMon, $5.\nTue, -3.",
        ),
        ("|a|b|\n|:-:|---|\n|1|", "a, b.\n1."),
        ("| **a** | | `b|c` |", "a, b, c."),
        (r"| a \| b | c |", "a | b, c."),
        ("| Really? | Yes! |", "Really? Yes!"),
        ("| a<br>b | c\nend", "a, b, c.\nend"),
        ("| 天 | 价 |\n|---|---|\n| 一 | 五元 |", "天、价。\n一、五元。"),
        ("| يوم | سعر |", "يوم، سعر."),
        ("|" + "-" * 600 + "|\n| a |", "a."),
        ("a | b\n--- | ---\n1 | 2", "a | b\n1 | 2"),
    ],
)
def test_the_cells_of_a_table_are_heard_with_pauses(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Run this:\n\n```python\nprint('*hi*')\n```\n\nThen go.", "Run this:\n\nThen go."),
        ("a\n~~~\n```\n~~~\nb", "a\nb"),
        ("a\n````\n```\n````\nb", "a\nb"),
        ("- a:\n  ```\n  x\n  ```\n- b", "a:\n  b."),
        ("> ```\n> x\n> ```\nb", "b"),
        ("- ```\n  x\n  ```\ntwo  words", "two  words"),
        ("a\n```\nnever closed", "a\n"),
    ],
)
def test_fenced_code_is_not_heard(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("```python\nprint(1)\n```", "print(1)"),
        ("🙂\n```\nls -l\n", "ls -l"),
        ("```\n" + "x" * 1000 + "\n```", "x" * 200),
    ],
)
def test_of_an_answer_that_is_only_code_the_beginning_is_heard(written: str, said: str) -> None:
    assert speakable(written) == said
