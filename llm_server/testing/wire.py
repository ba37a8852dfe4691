"""Answers as bytes, whole or broken in every way that an upstream breaks."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

import msgspec

from llm_server.backends.base import text_delta
from llm_server.backends.mock.options import Fault
from llm_server.backends.mock.plan import Plan
from llm_server.protocol import ChatRequest
from llm_server.testing.completions import DONE, Envelope, sse

MALFORMED = b'data: {"id": "chatcmpl-1", "choices": [{"delta"\n\n'

LAST = b"0\r\n\r\n"

Piece = tuple[float, bytes]

# What OpenAI answers: message, type and code.
REFUSALS = {
    401: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    429: ("Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
    500: ("The server had an error while processing your request.", "server_error", None),
    503: ("The server is overloaded or not ready yet.", "server_error", None),
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
    status = int(fault.name.partition("-")[0])
    message, type_, code = REFUSALS[status]
    error = {"message": message, "type": type_, "param": None, "code": code}
    retry = fault.name == "429-retry-after"
    headers = {"retry-after": f"{fault.retry_after_s:g}"} if retry else None
    return json_answer(status, {"error": error}, headers)


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
