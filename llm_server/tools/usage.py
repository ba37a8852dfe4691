"""What an answer of several rounds cost in all."""

from typing import Any

from llm_server.protocol import Json


def summed(old: Json, new: Json) -> Json:
    """Counts are added, in nested details too; of anything else the last one counts."""
    return {**old, **{name: _sum(old.get(name), value) for name, value in new.items()}}


def _sum(old: Any, new: Any) -> Any:
    match old, new:
        case dict(), dict():
            return summed(old, new)
        case int() | float(), int() | float():
            return old + new
        case _, None:
            return old
        case _:
            return new
