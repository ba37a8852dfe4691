"""Make a short reason out of an error that Simli answered with, without anything secret in it.

Two kinds of errors are known: `{"detail": str | [{"loc", "msg", "type"}]}` of a FastAPI service,
and `{"error": str, "code"?: str}` of another one.
"""

from collections.abc import Iterable
from typing import Any

from pydantic_core import from_json

MAX_LENGTH = 200


def explain(body: bytes, secrets: Iterable[str]) -> str:
    """What the body says went wrong; empty if it is of no kind that is known.

    Only words of the known kinds are taken: the rest of a body may echo what was sent.
    """
    try:
        content = from_json(body)
    except ValueError:
        return ""
    return _redact("; ".join(_words(content)), secrets)[:MAX_LENGTH]


def _words(content: Any) -> Iterable[str]:
    match content:
        case {"detail": str(text)}:
            yield text
        case {"detail": list(errors)}:
            yield from (_field_words(error) for error in errors)
        case {"error": str(text), "code": str(code)}:
            yield f"{text} ({code})"
        case {"error": str(text)}:
            yield text


def _field_words(error: Any) -> str:
    match error:
        case {"loc": list(loc), "msg": str(message), "type": str(kind)}:
            return f"{'.'.join(map(str, loc))}: {message} ({kind})"
        case {"msg": str(message)}:
            return message
    return "an error of an unknown kind"


def _redact(text: str, secrets: Iterable[str]) -> str:
    # Before anything is cut: half a key is a leak too.
    for secret in filter(None, secrets):
        text = text.replace(secret, "[redacted]")
    return text
