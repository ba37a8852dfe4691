"""Who else could call? Wrong keys, no key, and the clock that ends session keys."""

from agents_admin.doctor.exchange import Exchange
from agents_admin.doctor.findings import Judgement, ok, skipped, warning
from agents_admin.doctor.questions import FIRST, NO_KEY, WRONG_KEY, Question
from agents_admin.doctor.visit import Visit

MAX_SKEW_S = 60


async def wrong_key(visit: Visit) -> Judgement:
    return await _refusal(visit, WRONG_KEY, "A wrong key")


async def no_key(visit: Visit) -> Judgement:
    return await _refusal(visit, NO_KEY, "A request without a key")


async def _refusal(visit: Visit, question: Question, what: str) -> Judgement:
    exchange = await visit.ask_aside(question)
    if exchange.status == 200:
        return warning(
            f"{what} is accepted: whoever finds the URL speaks at your expense.",
            "Compare the bearer key with the one that Simli is given, and answer 401.",
        )
    if exchange.status != 401:
        return warning(
            f"{what} gets {exchange.said}.",
            "Answer 401: a 5xx is asked again twice, others are harder to understand.",
        )
    if not _has_envelope(exchange):
        return warning(
            f"{what} gets 401, but not in OpenAI's form.",
            'Answer `{"error": {"message", "type", "param", "code"}}`: clients show its message.',
        )
    return ok(f"{what} gets 401.")


def _has_envelope(exchange: Exchange) -> bool:
    match exchange.json:
        case {"error": {"message": str(), "type": _, "param": _, "code": _}}:
            return True
    return False


async def clock(visit: Visit) -> Judgement:
    return compare_clocks("The server's", (await visit.ask(FIRST)).clock_skew_s)


def compare_clocks(whose: str, skew_s: float | None) -> Judgement:
    """Session keys end at a time: clocks that differ end them early, or late."""
    if skew_s is None:
        return skipped("the answer has no `date`")
    if abs(skew_s) > MAX_SKEW_S:
        way = "ahead of" if skew_s > 0 else "behind"
        return warning(
            f"{whose} clock is {abs(skew_s):.0f} s {way} this one.",
            "Set both by NTP: keys of sessions, and certificates, end by the clock.",
        )
    return ok(f"{whose} clock and this one agree.")
