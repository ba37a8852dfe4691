"""One round of an answer: what the model said, and which tools it called."""

from collections.abc import Sequence
from functools import reduce

from msgspec.structs import replace

from llm_server.assembly import joined
from llm_server.events import Batch, Delta, Event, Finish, Usage
from llm_server.protocol import Json
from llm_server.tools.calls import Call, CallPieces
from llm_server.tools.spacing import Spacing


class Round:
    """Takes the events of one asking, and tells which of them the caller gets at once.

    Calls are kept back, and so is the finish that belongs to them. If the model may not call,
    because it has to come to an end, its calls are dropped.
    """

    def __init__(self, spacing: Spacing, *, may_call: bool) -> None:
        self.usage: Usage | None = None
        self._spacing = spacing
        self._may_call = may_call
        self._said: list[Json] = []
        self._pieces = CallPieces()
        self._finished = False

    def passed(self, batch: Batch) -> list[Event]:
        return [event for event in map(self._passed, batch) if event is not None]

    def calls(self) -> list[Call]:
        """None as long as the answer is not whole: the last call may lack its end."""
        return self._pieces.whole() if self._finished else []

    def message(self, calls: Sequence[Call]) -> Json:
        """What goes into the history, with members such as `reasoning_content`: some upstreams
        want them back."""
        said: Json = reduce(joined, self._said, {})
        return {
            "content": None,
            **{name: value for name, value in said.items() if value is not None},
            "role": "assistant",
            "tool_calls": [call.members for call in calls],
        }

    def _passed(self, event: Event) -> Event | None:
        match event:
            case Delta(index=0):
                return self._delta(event)
            case Finish(index=0):
                return self._finish(event)
            case Usage():
                self.usage = event
                return None
            case _:
                return event

    def _delta(self, delta: Delta) -> Delta | None:
        if calls := delta.members.get("tool_calls"):
            if self._may_call:
                self._pieces.add(calls)
            rest = {name: x for name, x in delta.members.items() if x and name != "tool_calls"}
            if not rest:
                return None
            delta = replace(delta, members=rest)
        self._said.append(delta.members)
        return self._spacing.spaced(delta)

    def _finish(self, finish: Finish) -> Finish | None:
        self._finished = True
        if self._pieces:
            return None
        # Nobody is left to run what may have been dropped.
        return replace(finish, reason="stop") if finish.reason == "tool_calls" else finish
