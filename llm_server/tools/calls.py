"""Put the tool calls of an answer together, also of upstreams that number them wrongly."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec

from llm_server.assembly import joined_pieces
from llm_server.protocol import Json, decode, encode


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool, whole."""

    id: str
    name: str
    arguments: Json | None
    """None if what the model wrote is no JSON object."""
    members: Json
    """As it goes into the history: with all that the upstream said of it."""

    @classmethod
    def of(cls, call: Json, call_id: str) -> "Call":
        function = _function(call)
        name, written = function.get("name"), function.get("arguments")
        name = name if isinstance(name, str) else ""
        arguments = _arguments(written)
        if not arguments or not isinstance(written, str):
            # What is no JSON makes the template of many a model fail, and with it the next round.
            written = encode(arguments or {}).decode()
        function = {**function, "name": name, "arguments": written}
        members = {**call, "id": call_id, "type": "function", "function": function}
        return cls(call_id, name, arguments, members)


class CallPieces:
    """Takes the `tool_calls` of all deltas."""

    def __init__(self) -> None:
        self._calls: list[Json] = []
        self._places: dict[int | None, int] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, pieces: Any) -> None:
        for piece in pieces if isinstance(pieces, list) else ():
            if isinstance(piece, dict):
                self._add(piece)

    def whole(self) -> list[Call]:
        """All calls, each with an id of its own: by it the model finds the result."""
        calls: list[Call] = []
        used: set[str] = set()
        for call in self._calls:
            call_id = call.get("id")
            if not isinstance(call_id, str) or call_id in used:
                # Nine letters and digits: Mistral takes no other ids, and all take these.
                call_id = uuid4().hex[:9]
            used.add(call_id)
            calls.append(Call.of(call, call_id))
        return calls

    def _add(self, piece: Json) -> None:
        index = piece.get("index")
        index = index if isinstance(index, int) else None
        piece = {name: value for name, value in piece.items() if name != "index" and value}
        place = self._places.get(index)
        if place is None or _begins_another(self._calls[place], piece):
            self._places[index] = len(self._calls)
            self._calls.append(piece)
        else:
            self._calls[place] = joined_pieces(self._calls[place], piece)


def _begins_another(call: Json, piece: Json) -> bool:
    """Whether a piece is of another call, in spite of its number or for lack of one."""
    if call_id := piece.get("id"):
        return bool(call.get("id", call_id) != call_id)
    return bool(_function(piece).get("name") and _function(call).get("name"))


def _function(call: Json) -> Json:
    function = call.get("function")
    return function if isinstance(function, dict) else {}


def _arguments(written: Any) -> Json | None:
    """The arguments, which a call without any may leave empty; some upstreams send an object."""
    if isinstance(written, str):
        try:
            written = decode(written.encode()) if written.strip() else None
        except (msgspec.DecodeError, RecursionError):
            return None
    if written is None:
        return {}
    return written if isinstance(written, dict) else None
