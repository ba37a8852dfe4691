"""The content of a message: a string, a list of parts, or nothing."""

from typing import Any

from llm_server.protocol import Json

Content = str | list[Json] | None


def is_empty(content: Content) -> bool:
    """Whether nothing is said: no text but white space, no image, no sound."""
    if isinstance(content, list):
        return all(part.get("type") == "text" and _is_blank(part.get("text")) for part in content)
    return _is_blank(content)


def joined(first: Content, second: Content, between: str) -> Content:
    """Both as one. `between` stands between two strings; parts stay parts."""
    if not first or not second:
        return first or second
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}{between}{second}"
    return [*_parts(first), *_parts(second)]


def _parts(content: str | list[Json]) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _is_blank(text: Any) -> bool:
    return not (isinstance(text, str) and text.strip())
