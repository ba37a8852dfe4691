"""Is it quick enough for a conversation? Streaming, kept connections, barge-in, first words."""

from collections.abc import Callable, Sequence
from statistics import median

from agents_admin.doctor.chunks import Chunks
from agents_admin.doctor.exchange import Exchange
from agents_admin.doctor.findings import Judgement, failed, ok, skipped, warning
from agents_admin.doctor.proxies import find_proxy
from agents_admin.doctor.questions import AFTER_HANG_UP, AGAIN, FIRST, HUNG_UP
from agents_admin.doctor.speech import OWN_LINES
from agents_admin.doctor.visit import Visit

# A voice turn is felt as natural up to about 1.2 s, of which the model may take half a second.
GOOD_S = 0.5
ACCEPTABLE_S = 1.2

# Less text, or an answer that was quicker, says nothing about who holds what back.
TELLING_CHARACTERS = 60
TELLING_S = 0.3
# A model needs longer for its words than a network for bytes that wait.
AT_ONCE_S = 0.03


async def buffering(visit: Visit) -> Judgement:
    return judge_flow([await visit.ask(FIRST), await visit.ask(AGAIN)])


def judge_flow(turns: Sequence[Exchange]) -> Judgement:
    """Do words come as they are made? One answer in which they do is proof enough."""
    telling = [turn for turn in turns if _telling(turn)]
    if not telling:
        return skipped("the answers were too short or too quick to tell")
    flowing = [turn for turn in telling if _spread_s(turn) >= AT_ONCE_S]
    if flowing:
        pieces = len(flowing[0].chunks.texts)
        return ok(f"{pieces} pieces of text over {_spread_s(flowing[0]):.1f} s, as they are made.")
    turn = telling[0]
    proxy = find_proxy(turn.headers)
    return warning(
        f"The whole answer came at once, after {turn.chunks.texts[-1][0]:.1f} s.",
        f"{proxy.name} holds it back. {proxy.streaming}"
        if proxy
        else "Something holds it back: a proxy that buffers (nginx: `proxy_buffering off;`),"
        " compression, or a server that waits for all of the model's answer.",
    )


def _telling(exchange: Exchange) -> bool:
    found = exchange.chunks
    return len(found.text) >= TELLING_CHARACTERS and found.texts[-1][0] >= TELLING_S


def _spread_s(exchange: Exchange) -> float:
    texts = exchange.chunks.texts
    return texts[-1][0] - texts[0][0]


async def keep_alive(visit: Visit) -> Judgement:
    await visit.ask(AGAIN)
    reused = [turn.reused for turn in visit.turns if turn.reused is not None]
    if not reused:
        return skipped("no answer was read to its end")
    if all(reused):
        return ok("The connection is kept for the next turn.")
    return warning(
        "The connection is closed after an answer: every turn begins with a new handshake.",
        "Raise the keep-alive time of server and proxy to minutes; send no `connection: close`.",
    )


async def barge_in(visit: Visit) -> Judgement:
    """A visitor who interrupts makes Simli hang up, and ask again at once."""
    await visit.ask(HUNG_UP)
    after = await visit.ask(AFTER_HANG_UP)
    if after.answered and after.chunks.text.strip():
        return ok("After a hang-up in the middle of an answer, the next one comes.")
    return failed(
        f"After a hang-up in the middle of an answer, the next request got {after.said}.",
        "End the model's answer when the caller closes the connection, and free its place.",
    )


async def first_token(visit: Visit) -> Judgement:
    return judge_pace(visit.turns, lambda found: found.first_text_s)


async def first_sentence(visit: Visit) -> Judgement:
    """What a voice waits for."""
    return judge_pace(visit.turns, lambda found: found.first_sentence_s)


def judge_pace(turns: Sequence[Exchange], measure: Callable[[Chunks], float | None]) -> Judgement:
    answers = [turn.chunks for turn in turns if turn.whole]
    times_s = [at_s for answer in answers if (at_s := measure(answer)) is not None]
    if not times_s:
        return skipped("no answer had words")
    p50_s = median(times_s)
    measured = f"{p50_s:.2f} s (p50 of {len(times_s)})"
    if any(answer.text.startswith(OWN_LINES.fillers) for answer in answers):
        return warning(f"{measured}; the first words were a filler: the model was late.", FASTER)
    if p50_s < GOOD_S:
        return ok(f"{measured}: good for a voice.")
    if p50_s < ACCEPTABLE_S:
        return ok(f"{measured}: acceptable for a voice.")
    return warning(f"{measured}: slow for a voice.", FASTER)


FASTER = (
    "Use a smaller or nearer model without thinking, a shorter prompt, or"
    " `steering.first_sentence_words`; set `fallbacks` and `first_content_s` for bad moments."
)
