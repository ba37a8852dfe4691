"""What makes an avatar slow, or deaf after an interruption."""

import httpx
import pytest

from agents_admin.doctor.exchange import Exchange
from agents_admin.doctor.findings import Verdict
from agents_admin.doctor.pace import judge_flow, judge_pace
from llm_server.voice.phrases import PhraseBook
from tests.agents_admin.doctor.custom_llm import ANSWER, DONE, ROLE, STOP, CustomLlm, chunk, words
from tests.agents_admin.doctor.examining import examine

FAILED, OK, SKIPPED, WARNING = Verdict.FAILED, Verdict.OK, Verdict.SKIPPED, Verdict.WARNING

HALF = len(ANSWER) // 2


def heard(*pieces: tuple[float, str], **headers: str) -> Exchange:
    """An answer whose pieces came after so many seconds."""
    exchange = Exchange(status=200, headers=httpx.Headers(headers), whole=True)
    exchange.pieces = [(at_s, chunk({"content": text})) for at_s, text in pieces]
    return exchange


async def test_an_answer_that_is_held_back_until_it_is_whole() -> None:
    at_once = b"".join([ROLE, *words(), STOP, DONE])
    llm = CustomLlm([at_once, b""], first_s=0.35, headers={"server": "nginx"})

    report = await examine(llm)

    assert report.troubles == {"Buffering"}
    assert "proxy_buffering off" in report.cure("Buffering", WARNING)


@pytest.mark.parametrize(
    ("header", "cure"),
    [
        ({"cf_ray": "1"}, "named tunnel"),
        ({"ngrok_agent_ips": "192.0.2.1"}, "compress-response"),
        ({"server": "Caddy"}, "flush_interval -1"),
        ({}, "a proxy that buffers"),
    ],
)
def test_the_proxy_that_holds_it_back_is_named(header: dict[str, str], cure: str) -> None:
    headers = {name.replace("_", "-"): value for name, value in header.items()}

    judgement = judge_flow([heard((1.0, ANSWER[:HALF]), (1.001, ANSWER[HALF:]), **headers)])

    assert judgement.verdict == WARNING
    assert cure in judgement.advice


def test_one_answer_that_flows_is_enough() -> None:
    at_once = heard((1.0, ANSWER))
    flowing = heard((0.4, ANSWER[:HALF]), (0.6, ANSWER[HALF:]))

    assert judge_flow([at_once, flowing]).verdict == OK


@pytest.mark.parametrize("answer", [heard((0.02, ANSWER)), heard((2.0, "Yes."))])
def test_a_quick_or_short_answer_says_nothing_about_buffering(answer: Exchange) -> None:
    assert judge_flow([answer]).verdict == SKIPPED


@pytest.mark.parametrize(
    ("first_s", "verdict", "what"),
    [(0.3, OK, "good"), (0.9, OK, "acceptable"), (1.3, WARNING, "slow")],
)
def test_the_pace_is_judged_for_a_voice(first_s: float, verdict: Verdict, what: str) -> None:
    turns = [heard((at_s, "Hello.")) for at_s in (0.01, first_s, 9.0)]

    judgement = judge_pace(turns, lambda found: found.first_text_s)

    assert judgement.verdict == verdict
    assert what in judgement.what


def test_a_sentence_is_over_at_its_end_or_at_that_of_the_answer() -> None:
    ended = heard((0.1, "Hello "), (0.2, "you. "), (0.3, "How are you?"))
    unended = heard((0.1, "Hello "), (0.4, "you"))

    assert [turn.chunks.first_sentence_s for turn in (ended, unended)] == [0.2, 0.4]


def test_a_filler_is_not_taken_for_a_quick_answer() -> None:
    filler = PhraseBook().phrases_for("en").fillers[0]

    judgement = judge_pace([heard((0.1, filler), (0.2, "Yes."))], lambda found: found.first_text_s)

    assert judgement.verdict == WARNING
    assert "first_content_s" in judgement.advice


async def test_a_connection_that_is_closed_after_each_answer() -> None:
    report = await examine(CustomLlm(headers={"connection": "close"}))

    assert report.troubles == {"Keep-alive"}
    assert "minutes" in report.cure("Keep-alive", WARNING)


async def test_a_hang_up_that_takes_a_place_for_ever() -> None:
    report = await examine(CustomLlm(places=1, gap_s=0.01))

    assert report.troubles == {"Barge-in"}
    assert "free its place" in report.cure("Barge-in", FAILED)
    assert "503" in report.by_name["Barge-in"].what
