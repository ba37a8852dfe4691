"""Put the events of an answer together, for a caller who does not stream."""

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from llm_server.events import Answering, Delta, Event, Events, Finish, Usage
from llm_server.protocol import Completion, Json
from llm_server.timing import TurnTimer


@dataclass(slots=True)
class _Choice:
    """One choice, as far as it has come."""

    message: Json = field(default_factory=dict)
    others: Json = field(default_factory=dict)
    finish_reason: str | None = None

    def add(self, event: Delta | Finish) -> None:
        if isinstance(event, Delta):
            self.message = joined(self.message, event.members)
        else:
            self.finish_reason = event.reason
        self.others = joined(self.others, event.choice)

    def body(self, index: int) -> Json:
        message = {"role": "assistant", "content": None, "refusal": None, **self.message}
        if calls := message.get("tool_calls"):
            message["tool_calls"] = [_without_index(call) for call in calls]
        return {
            "index": index,
            "message": message,
            "logprobs": None,
            **self.others,
            "finish_reason": self.finish_reason,
        }


def joined(old: Any, new: Any) -> Any:
    """Two pieces of the same member: text grows, lists grow, objects merge, else the last wins."""
    match old, new:
        case _, None:
            return old
        case str(), str():
            return old + new
        case list(), list():
            return _joined_lists(old, new)
        case dict(), dict():
            return {**old, **{name: joined(old.get(name), new[name]) for name in new}}
        case None, list():
            return _joined_lists([], new)
        case _:
            return new


def _joined_lists(old: list[Any], new: list[Any]) -> list[Any]:
    """Items with an `index`, as tool calls have, are pieces of the item with that index."""
    items = list(old)
    places = {item["index"]: n for n, item in enumerate(items) if _has_index(item)}
    for item in new:
        if _has_index(item) and (place := places.get(item["index"])) is not None:
            items[place] = joined_pieces(items[place], item)
        else:
            if _has_index(item):
                places[item["index"]] = len(items)
            items.append(item)
    return items


def _has_index(item: Any) -> bool:
    return isinstance(item, dict) and "index" in item


def _without_index(call: Any) -> Any:
    """The index tells pieces apart; a whole call has none."""
    if not isinstance(call, dict):
        return call
    return {name: value for name, value in call.items() if name != "index"}


def joined_pieces(old: Json, new: Json) -> Json:
    """Two pieces of the same tool call."""
    # These are said once and may be repeated; only arguments come in pieces.
    said_once = {name: new[name] for name in ("index", "id", "type") if name in new}
    rest = {name: value for name, value in new.items() if name not in said_once}
    call: Json = joined({**old, **said_once}, rest)
    return call


async def whole(completion: Completion, events: Events, turn: TurnTimer) -> Json:
    """Wait for the answer to be complete. Raises what the events raise."""
    choices: dict[int, _Choice] = {}
    usage: Json | None = None
    extra: Json = {}
    seen: list[Event] = []
    async with aclosing(events):
        async for batch in events:
            for event in batch:
                turn.arrived(event)
                seen.append(event)
    for event in seen:
        match event:
            case Delta() | Finish():
                choices.setdefault(event.index, _Choice()).add(event)
                extra |= event.chunk
            case Usage():
                usage = event.usage
                extra |= event.chunk
            case Answering():
                completion.model = event.model
        # Only now: who hangs up while the answer is put together was sent nothing.
        turn.sent(event)
    turn.complete()
    bodies = [choice.body(index) for index, choice in sorted(choices.items())]
    return completion.whole(bodies, usage, extra)
