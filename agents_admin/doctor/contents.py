"""Is the stream what Simli's pipeline can read, whatever it is asked?"""

from agents_admin.doctor.chunks import Chunks
from agents_admin.doctor.findings import Judgement, failed, ok, warning
from agents_admin.doctor.questions import AGAIN, FIRST, WITH_GREETING, WITHOUT_STREAM
from agents_admin.doctor.visit import Visit


async def chunks(visit: Visit) -> Judgement:
    found = (await visit.ask(FIRST)).chunks
    if found.unreadable:
        return failed(
            "A `data:` line holds no JSON object.",
            "Send each chunk as JSON on one line, and [DONE] at the end.",
        )
    if found.error:
        return failed(
            f"The stream holds an error: {found.error}",
            "After an error the avatar says nothing more: answer with words in its place.",
        )
    if any(not isinstance(payload.get("choices"), list) for _, payload in found.payloads):
        return failed(
            "`choices` is missing or null in a chunk, at which Simli's pipeline may break.",
            "Always send a list: `choices: []` where there is nothing to say.",
        )
    return _oddities(found)


def _oddities(found: Chunks) -> Judgement:
    indexes = {choice.get("index") for _, choice in found.choices} - {0, None}
    if indexes:
        return warning(
            f"`choices[0].index` is {min(indexes, key=str)} in a chunk.",
            "Send index 0 in every chunk: other numbers are for other answers (`n`).",
        )
    if not found.deltas or found.deltas[0][1].get("role") != "assistant":
        return warning(
            "The first delta has no role.",
            'Begin with `delta: {"role": "assistant", "content": ""}`.',
        )
    return ok(f"{len(found.payloads)} chunks, with choices, index and role as OpenAI's.")


async def ending(visit: Visit) -> Judgement:
    exchange = await visit.ask(FIRST)
    found = exchange.chunks
    if exchange.problem:
        return failed(
            f"After {len(found.payloads)} chunks {exchange.problem}.",
            "Look into the server's log, and for a proxy's time-out on long answers.",
        )
    if not found.finish_reasons:
        return warning(
            "No chunk has a `finish_reason`.",
            'End with `{"delta": {}, "finish_reason": "stop"}`: without it, an answer that was'
            " cut off looks whole.",
        )
    if not found.done:
        return warning(
            "The stream ends without [DONE].",
            "Send `data: [DONE]` and an empty line as the last event.",
        )
    return ok("A finish_reason, and [DONE].")


async def usage(visit: Visit) -> Judgement:
    asked = (await visit.ask(FIRST)).chunks.usages
    unasked = (await visit.ask(AGAIN)).chunks.usages
    if unasked:
        return warning(
            "A chunk without choices is sent although `include_usage` was not asked for.",
            "Send usage only if `stream_options.include_usage` is true: callers that read"
            " `choices[0]` break at it.",
        )
    if not asked:
        return ok("No usage, also where it is asked for; Simli does not mind.")
    return ok("Usage comes when it is asked for.")


async def without_stream(visit: Visit) -> Judgement:
    exchange = await visit.ask(WITHOUT_STREAM)
    if exchange.answered and exchange.chunks.payloads:
        return ok("A request without `stream` gets a stream, too.")
    what = "plain JSON" if exchange.answered else exchange.said
    return warning(
        f"A request without `stream` gets {what}.",
        "Stream unless `stream` is false: Simli's documentation shows requests without it.",
    )


async def greeting(visit: Visit) -> Judgement:
    """With a first message, Simli sends a history that the assistant began."""
    exchange = await visit.ask(WITH_GREETING)
    if exchange.answered and exchange.chunks.text.strip():
        return ok("A history that begins with the avatar is answered.")
    return failed(
        f"A history that begins with the avatar is not answered ({_how(exchange.said)}).",
        "Put a user message before it, or take it into the system prompt: Simli sends one for"
        " every agent with a first message.",
    )


def _how(said: str) -> str:
    return "no words" if said == "200" else said
