"""Marks within a line: what is said of them, and what only looks like them."""

import pytest

from llm_server.voice.speakable import Speakable, speakable


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("*a* **b** ***c***", "a b c"),
        ("_a_ __b__ ___c___ ~~d~~", "a b c d"),
        ("**bold *and italic* text**", "bold and italic text"),
        ("*one **two***", "one two"),
        ("Das ist **sehr** wichtig.", "Das ist sehr wichtig."),
        ("un**believ**able", "unbelievable"),
        ("**Note:** it is late.", "Note: it is late."),
        ("(*aside*), “**quoted**”", "(aside), “quoted”"),
        ("**¡Hola!** ¿_Qué_ tal?", "¡Hola! ¿Qué tal?"),
        ("C'est **l'été**.", "C'est l'été."),
        ("Это **важно**.", "Это важно."),
        ("Είναι **σημαντικό**.", "Είναι σημαντικό."),
        ("هذا **مهم** جدا", "هذا مهم جدا"),
        ("זה **חשוב** מאוד", "זה חשוב מאוד"),
        ("یک **کتاب‌خانه** بزرگ", "یک کتاب‌خانه بزرگ"),
        ("यह **महत्वपूर्ण** है।", "यह महत्वपूर्ण है।"),
        ("นี่คือ**สำคัญ**มาก", "นี่คือสำคัญมาก"),
        ("这是**重点**内容", "这是重点内容"),
        ("这是*重点*内容", "这是重点内容"),
        ("これは**「重要」**です", "これは「重要」です"),
        ("**중요**합니다", "중요합니다"),
        ("*Roses are red,\nviolets are blue.*", "Roses are red,\nviolets are blue."),
        ("*Prices exclude tax.", "Prices exclude tax."),
        ("**bold that never ends", "bold that never ends"),
        ("**Ingredients**\n\nTwo eggs", "Ingredients.\n\nTwo eggs"),
        ("**Why?**\r\nSo.", "Why?\r\nSo."),
        ("**重点**\n内容", "重点。\n内容"),
    ],
)
def test_emphasis_is_not_heard(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4 = 24 and 5*3 = 15, 2**10 = 1024, x**2",
        "(a+b)*3 - 2*(a+b)",
        "a < b, x > y, x<y, 2^10, i <3 you, a->b, a <b and c> d",
        "snake_case, a_b_c, get_user_by_id(), user_name@example.com",
        "__init__, __main__.py, os._exit, __call__() and __getitem__",
        "$5, 5 €, $1.50 and $2, US$ 3 or $$$",
        "10:30, 2026-11-24, 24.11.2026, 3/4, 50%, #1, C#, F#, @name, ~5 minutes",
        "+1 (555) 123-4567",
        "rated 5* and 4*, word*, f***, ****1234, ____",
        "[sic], [he said], [2024], (note), {x}, a[i]",
        "AT&T, R&D, a && b, &c; & more",
        "don`t, it's, “so”, 'so', «so», rock 'n' roll",
        "C:\\new, \\n, a \\ b",
        "© 2026, Acme® and Brand™, A → B, C♯, ①",
        "【重要】です",
        "List<String> and <name> of <your_name>",
        "wait... and so – on — yes",
        "Hmm! Oh !",
        "the http protocol, https, hhh",
        "No. 5; 1) no list; 3. Oktober",
        "3. Oktober und 24. Dezember",
        "1984. What a year\n1984. Again",
        "-5 degrees\n+5 degrees\n#hashtag",
    ],
)
def test_what_only_looks_like_a_mark_stays(text: str) -> None:
    assert speakable(f"So {text}") == f"So {text}"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("See [our page](https://example.com/a?b=c).", "See our page."),
        ("[a **bold** link](x) and [`code`](y)", "a bold link and code"),
        ("[Foo](https://e.org/Foo_(bar)), then", "Foo, then"),
        ('[a](x "Title") b', "a b"),
        ("[a][1], [b][long name]", "a, b"),
        ("Look: ![a cat](cat.png) Nice.", "Look: a cat Nice."),
        ("![](cat.png) Nice.", "Nice."),
        ("[![build](b.svg)](https://ci) ok", "build ok"),
        ("[看这里](https://example.com)吧", "看这里吧"),
        ("اقرأ [هذا](https://example.com) الآن", "اقرأ هذا الآن"),
        ("A link [that breaks off](https://example.com/a", "A link that breaks off"),
        ("[a](b\nnext line", "a\nnext line"),
        ("<https://www.example.com/a> or <me@example.com>", "example.com or me@example.com"),
        ("<mailto:me@example.com>", "me@example.com"),
    ],
)
def test_of_a_link_the_text_is_heard(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Go to https://www.example.com/a/b?c=d&e=f#g.", "Go to example.com."),
        ("http://localhost:8080/x, please", "localhost, please"),
        ("(see https://e.org/Foo_(bar))", "(see e.org)"),
        ("(see https://e.org)", "(see e.org)"),
        ("https://münchen.de: schön", "münchen.de: schön"),
        ("访问https://example.com/路径", "访问example.com路径"),
        ("https://example.com/a에서", "example.com에서"),
        ("**https://example.com/a_b**", "example.com"),
        ("https://a.de and https://b.de!", "a.de and b.de!"),
        ("[https://example.com/a](https://example.com/a)", "example.com"),
        ("https://", ""),
        ("www.example.com", "www.example.com"),
    ],
)
def test_of_an_address_the_host_is_heard(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It rained[1]. Then[2, 3] it snowed[4-6].", "It rained. Then it snowed."),
        ("It rained [1] and snowed.", "It rained and snowed."),
        ("It rained【4†source】. Then【12:0†a.pdf】 sun.", "It rained. Then sun."),
        ("It rained[^1] and[^note] snowed", "It rained and snowed"),
        ("It rained[1](https://a.de)[2](https://b.de).", "It rained."),
        ("It rained [[1]](https://a.de) there", "It rained there"),
        ("It rained \ue200cite\ue202turn0search1\ue201and snowed", "It rained and snowed"),
        ("下雨了【4†来源】。", "下雨了。"),
    ],
)
def test_citations_are_not_heard(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Call `foo_bar(*args)` now", "Call foo_bar(*args) now"),
        ("the `__init__` method and `[1]`", "the __init__ method and [1]"),
        ("``a`b``", "a`b"),
        ("```inline``` code", "inline code"),
        ("使用`print`函数", "使用print函数"),
        ("an `open one\nand *more*", "an open one\nand more"),
        ("the `<think>` tag is *here*", "the <think> tag is here"),
    ],
)
def test_inline_code_is_heard_as_it_is(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<b>Hi</b> <i class='x'>you</i>, H<sub>2</sub>O", "Hi you, H2O"),
        ("12 Main St<br>Springfield<br />Ohio", "12 Main St, Springfield, Ohio"),
        ("Done.<br/>Next", "Done. Next"),
        ("<p>Hello</p><p>World!</p>\n<p>Bye</p>", "Hello. World!\nBye."),
        ("<ul><li>one</li><li>two</li></ul>", "one. two."),
        ('<a href="https://example.com">here</a>', "here"),
        ("مرحبا<br>بك", "مرحبا، بك"),
        ("你好<br>世界", "你好、世界"),
        ("Q&amp;A, 5 &lt; 6, a&nbsp;b, &#42;, &#x41;, &hellip;", "Q&A, 5 < 6, a b, *, A, …"),
        ("one<!-- not\n\nthis -->two", "one two"),
    ],
)
def test_html_is_not_heard(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (r"The area is \(a \cdot b\).", r"The area is a \cdot b."),
        (r"\[E = mc^2\]", "E = mc^2"),
        ("$$x + y$$", "x + y"),
        (r"\*not bold\* and 1\. no list \[1\]", "*not bold* and 1. no list 1"),
        (r"\# no heading", "# no heading"),
        ("a hard break\\\nhere", "a hard break\nhere"),
    ],
)
def test_delimiters_and_escapes_are_not_heard(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<think>Hm, what?\n```\n</think>\n\nHello!", "Hello!"),
        ("<thinking>Hm</thinking>Hello!", "Hello!"),
        ("<Reasoning>Hm</Reasoning> Hello!", "Hello!"),
        ("Hello <think>a < b</think> there", "Hello there"),
        ("Hello. <think>I never stop", "Hello. "),
        ("Hm</think> Hello", "Hm Hello"),
    ],
)
def test_thoughts_are_not_heard(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("fed", "said"),
    [
        ("a **b", "a b"),
        ("a *", "a "),
        ("a *b", "a b"),
        ("a [text](https://example.com/very", "a text"),
        ("see https://example.com/very", "see example.com"),
        ("- item", "item"),
        ("# Head", "Head"),
        ("| a | b", "a, b"),
        ("`code", "code"),
        ("a <", "a "),
        ("a < ", "a < "),
        ("5 & ", "5 & "),
    ],
)
def test_nothing_waits_for_a_closing_mark(fed: str, said: str) -> None:
    assert Speakable().feed(fed) == said
