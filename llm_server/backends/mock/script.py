"""Which reply a conversation gets, and the events that it is made of.

All of it follows from the messages: any process gives the same answer, and none keeps a state.
"""

import json
from collections.abc import Iterator
from re import findall

from llm_server.backends.mock.options import MockOptions, Reply, ToolCall
from llm_server.conversation.hygiene import BEGINNING
from llm_server.events import Delta, Finish, text_delta
from llm_server.protocol import ChatRequest, Json, text_of

# As models send them: a call comes in pieces that are no JSON yet.
ARGUMENT_CHARS = 8


def reply_to(options: MockOptions, request: ChatRequest) -> Reply:
    """The reply of the script: of a rule, of this turn, or the one for all."""
    reply = _to_user(options, request)
    for _ in range(_rounds(request)):
        reply = reply.then or Reply(text=text_of(request.messages[-1]))
    return reply.model_copy(update={"text": reply.text.removeprefix(_begun(request))})


def _begun(request: ChatRequest) -> str:
    """What the assistant has said already: some models go on with it, if it is the last message."""
    last = request.messages[-1:]
    return "".join(text_of(message) for message in last if message["role"] == "assistant")


def _to_user(options: MockOptions, request: ChatRequest) -> Reply:
    said = request.user_text or ""
    for rule in options.rules:
        if rule.when.search(said):
            return rule.reply
    replies = options.replies or [options.reply]
    return replies[(max(_turn(request), 1) - 1) % len(replies)]


def _turn(request: ChatRequest) -> int:
    """How often the user has spoken. A history that began with a greeting has been given one."""
    return sum(m["role"] == "user" and m != BEGINNING for m in request.messages)


def _rounds(request: ChatRequest) -> int:
    """How often tools were called, and have answered, since the user spoke."""
    rounds = 0
    later_role = None
    for message in reversed(request.messages):
        if message["role"] == "user":
            break
        if message["role"] == "assistant" and later_role == "tool":
            rounds += 1
        later_role = message["role"]
    return rounds


def events_of(reply: Reply, request: ChatRequest) -> list[Delta | Finish]:
    """The deltas, word by word and call by call, and the finish."""
    deltas = [text_delta(word) for word in findall(r"\s*\S+\s*$|\s*\S+", reply.text)]
    for index, call in enumerate(reply.tool_calls):
        call_id = f"call_{_turn(request)}_{_rounds(request)}_{index}"
        deltas += [Delta({"tool_calls": [piece]}) for piece in _pieces(call, index, call_id)]
    reason = reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop")
    return [*deltas, Finish(reason)]


def _pieces(call: ToolCall, index: int, call_id: str) -> Iterator[Json]:
    """A call as OpenAI streams it: who is called, then the arguments bit by bit."""
    function = {"name": call.name, "arguments": ""}
    yield {"index": index, "id": call_id, "type": "function", "function": function}
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    for start in range(0, len(arguments), ARGUMENT_CHARS):
        piece = arguments[start : start + ARGUMENT_CHARS]
        yield {"index": index, "function": {"arguments": piece}}
