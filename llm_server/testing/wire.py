"""Answers as bytes, whole or broken in every way that an upstream breaks."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

import msgspec

from llm_server.backends.mock.options import Fault
from llm_server.backends.mock.plan import Plan
from llm_server.events import text_delta
from llm_server.protocol import ChatRequest
from llm_server.testing.completions import DONE, Envelope, sse

MALFORMED = b'data: {"id": "chatcmpl-1", "choices": [{"delta"\n\n'

LAST = b"0\r\n\r\n"

Piece = tuple[float, bytes]

BUSY = (429, "Rate limit reached for requests.", "requests", "rate_limit_exceeded")

# What OpenAI answers, Azure when it filters, and Anthropic to a prefill: status, message, type
# and code.
REFUSALS: dict[str, tuple[int, str, str, str | None]] = {
    "401": (401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    "429": BUSY,
    "429-retry-after": BUSY,
    "500": (500, "The server had an error while processing your request.", "server_error", None),
    "503": (503, "The server is overloaded or not ready yet.", "server_error", None),
    "context-length": (
        400,
        "This model's maximum context length is 8192 tokens. Please reduce the length of the"
        " messages.",
        "invalid_request_error",
        "context_length_exceeded",
    ),
    "content-filter": (
        400,
        "The response was filtered due to the prompt triggering our content management policy.",
        "invalid_request_error",
        "content_filter",
    ),
    "no-prefill": (
        400,
        "This model does not support assistant message prefill. The conversation must end with a"
        " user message.",
        "invalid_request_error",
        None,
    ),
}


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """Bytes with the seconds before each, and what becomes of the connection then."""

    pieces: list[Piece]
    then: Literal["keep", "close", "reset", "silence"] = "keep"


def json_answer(status: int, body: object, headers: dict[str, str] | None = None) -> WireAnswer:
    """An answer that is there at once."""
    content = msgspec.json.encode(body)
    length = {"content-type": "application/json", "content-length": str(len(content))}
    return WireAnswer([(0, _head(status, length | (headers or {})) + content)])


def answer(plan: Plan, request: ChatRequest) -> WireAnswer:
    """What the plan looks like on the wire."""
    if plan.fault and plan.breaks_at_once:
        return _refusal(plan.fault)
    if request.stream:
        return _framed("text/event-stream", _streamed(plan, request))
    return _framed("application/json", _complete(plan, request))


def _refusal(fault: Fault) -> WireAnswer:
    if fault.name in ("reset", "no-answer"):
        return WireAnswer([], "reset" if fault.name == "reset" else "silence")
    status, message, type_, code = REFUSALS[fault.name]
    error = {"message": message, "type": type_, "param": None, "code": code}
    return json_answer(status, {"error": error}, fault.headers)


def _streamed(plan: Plan, request: ChatRequest) -> WireAnswer:
    envelope = Envelope(request.model, request.include_usage)
    pieces: list[Piece] = []
    for number, step in enumerate(plan.steps):
        chunks = envelope.chunks(step.event, first=number == 0)
        pieces.append((step.wait_s, b"".join(map(sse, chunks))))
    if not (plan.fault and plan.fault.name == "no-done"):
        pieces.append((0, DONE))
    if plan.fault is None or plan.breaks_before is None:
        return WireAnswer(pieces)
    before, after = pieces[: plan.breaks_before], pieces[plan.breaks_before :]
    match plan.fault.name:
        case "malformed":
            return WireAnswer([*before, (0, MALFORMED), *after])
        case "oversized":
            [huge] = envelope.chunks(text_delta("x" * plan.fault.size))
            return WireAnswer([*before, (0, sse(huge)), *after])
        case _:
            return WireAnswer(before, "close" if plan.fault.name == "cut" else "silence")


def _complete(plan: Plan, request: ChatRequest) -> WireAnswer:
    """The same for who does not stream: one body, which breaks after its first byte."""
    events = [step.event for step in plan.steps]
    body = msgspec.json.encode(Envelope(request.model).completion(events))
    first: Piece = (sum(step.wait_s for step in plan.steps), body[:1])
    match plan.fault.name if plan.fault else None:
        case "malformed":
            return WireAnswer([first])
        case "oversized" if plan.fault:
            return WireAnswer([first, (0, b" " * plan.fault.size), (0, body[1:])])
        case "cut":
            return WireAnswer([first], "close")
        case "stall":
            return WireAnswer([first], "silence")
        case _:
            return WireAnswer([first, (0, body[1:])])


def _framed(content_type: str, answer: WireAnswer) -> WireAnswer:
    """Chunked: so an answer that is cut off can be told from one that is over."""
    head = _head(200, {"content-type": content_type, "transfer-encoding": "chunked"})
    framed = [
        (wait_s, b"%x\r\n%b\r\n" % (len(data), data)) for wait_s, data in answer.pieces if data
    ]
    end = [(0.0, LAST)] if answer.then == "keep" else []
    return WireAnswer([(0, head), *framed, *end], answer.then)


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
