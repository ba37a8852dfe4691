"""Put the events of an answer together, for a caller who does not stream."""

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from llm_server.backends.base import Answering, Delta, Events, Finish, Usage
from llm_server.protocol import Completion, Json
from llm_server.timing import TurnTimer


@dataclass(slots=True)
class _Choice:
    """One choice, as far as it has come."""

    message: Json = field(default_factory=dict)
    others: Json = field(default_factory=dict)
    finish_reason: str | None = None

    def add(self, delta: Delta) -> None:
        for name, value in delta.members.items():
            self.message[name] = _joined(self.message.get(name), value)
        for name, value in delta.choice.items():
            self.others[name] = _joined(self.others.get(name), value)

    def body(self, index: int) -> Json:
        message = {"role": "assistant", "content": None, "refusal": None, **self.message}
        for call in message.get("tool_calls") or ():
            call.pop("index", None)  # Tells pieces apart; a whole call has none.
        return {
            "index": index,
            "message": message,
            "logprobs": None,
            **self.others,
            "finish_reason": self.finish_reason,
        }


def _joined(old: Any, new: Any) -> Any:
    """Two pieces of the same member: text grows, lists grow, objects merge, else the last wins."""
    match old, new:
        case _, None:
            return old
        case str(), str():
            return old + new
        case list(), list():
            return _joined_lists(old, new)
        case dict(), dict():
            return {**old, **{name: _joined(old.get(name), new[name]) for name in new}}
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
            items[place] = _joined_call(items[place], item)
        else:
            if _has_index(item):
                places[item["index"]] = len(items)
            items.append(item)
    return items


def _has_index(item: Any) -> bool:
    return isinstance(item, dict) and "index" in item


def _joined_call(old: Json, new: Json) -> Any:
    # These are said once and may be repeated; only arguments come in pieces.
    said_once = {name: new[name] for name in ("index", "id", "type") if name in new}
    rest = {name: value for name, value in new.items() if name not in said_once}
    return _joined({**old, **said_once}, rest)


async def whole(completion: Completion, events: Events, turn: TurnTimer) -> Json:
    """Wait for the answer to be complete. Raises what the events raise."""
    choices: dict[int, _Choice] = {}
    usage: Json | None = None
    extra: Json = {}
    async with aclosing(events):
        async for event in events:
            match event:
                case Delta():
                    choices.setdefault(event.index, _Choice()).add(event)
                    extra |= event.chunk
                case Finish():
                    choice = choices.setdefault(event.index, _Choice())
                    choice.finish_reason = event.reason
                case Usage():
                    usage = event.usage
                case Answering():
                    completion.model = event.model
            turn.sent(event)
    turn.complete()
    bodies = [choice.body(index) for index, choice in sorted(choices.items())]
    return completion.whole(bodies, usage, extra)
