"""Read a transcript whose shape nobody has published.

Simli's specification says only that there is an answer. What may be in it is known from readers
that others wrote, and from Pipecat, which Simli Auto is built on. Whatever is not understood
here is stored as it came, so that it can be understood later.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypedDict

from pydantic import TypeAdapter, ValidationError

LISTS = ("transcript", "messages", "data", "items")
ROLES = ("role", "speaker", "user_name")
TEXTS = ("content", "text", "message")
TIMES = ("timestamp", "time", "created_at")

# In Simli's rooms the avatar takes part as "Chatbot".
ASSISTANTS = {"assistant", "agent", "avatar", "ai", "bot", "chatbot"}
USERS = {"user", "human", "guest", "customer"}

_time = TypeAdapter(datetime)


class Entry(TypedDict):
    role: str | None
    """`user`, `assistant`, or whatever Simli says."""
    text: str
    at: str | None
    """ISO 8601, in UTC."""


def read_entries(raw: Any) -> list[Entry]:
    """What was said, in the order of the answer. Empty if its shape is not known."""
    return [*_entries(raw)]


def says_nothing(raw: Any) -> bool:
    """Whether this is a list of nothing: there is no transcript yet."""
    content = _content(raw)
    return not content.strip() if isinstance(content, str) else not content


def _entries(raw: Any) -> Iterator[Entry]:
    content = _content(raw)
    if isinstance(content, str):
        yield Entry(role=None, text=content, at=None)
    if isinstance(content, list):
        for item in content:
            if entry := _entry(item):
                yield entry


def _content(raw: Any) -> Any:
    """The list or the text, from however many mappings it is wrapped in."""
    while isinstance(raw, dict):
        key = next((key for key in LISTS if key in raw), None)
        if key is None:
            return raw
        raw = raw[key]
    return raw


def _entry(item: Any) -> Entry | None:
    if isinstance(item, str):
        return Entry(role=None, text=item, at=None)
    if not isinstance(item, dict):
        return None
    text = _first(item, TEXTS)
    if not isinstance(text, str):
        return None
    return Entry(role=_role(_first(item, ROLES)), text=text, at=_at(_first(item, TIMES)))


def _first(item: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None)


def _role(role: Any) -> str | None:
    if not isinstance(role, str):
        return None
    if role.lower() in ASSISTANTS:
        return "assistant"
    return "user" if role.lower() in USERS else role


def _at(value: Any) -> str | None:
    """A time written as ISO 8601, or in seconds or milliseconds since 1970."""
    if isinstance(value, bool):
        return None
    try:
        at = _time.validate_python(value)
    except ValidationError:
        return None
    # A time without a zone is taken for UTC, as servers write it.
    return (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
