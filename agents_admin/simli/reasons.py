"""Make a short reason out of an error that Simli answered with, without anything secret in it.

Two kinds of errors are known: `{"detail": str | [{"loc", "msg", "type"}]}` of a FastAPI service,
and `{"error": str, "code"?: str}` of another one.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic_core import from_json

MAX_LENGTH = 200

# What Simli's own SDK (simli-ai 2.1.0) knows them to mean.
MEANINGS = {
    "INVALID_API_KEY": "the API key is not valid",
    "INVALID_FACE_ID": "there is no such face",
    "INVALID_EMOTION": "there is no such emotion",
    "BILLING_ERROR": "the account's plan or balance does not allow it",
    "MISSING_BILLING_INFO": "the account has no billing information",
}


def explain(status: int, body: bytes, secrets: Iterable[str]) -> str:
    """The status, and what the body says went wrong if it is of a kind that is known.

    Only words of the known kinds are taken: the rest of a body may echo what was sent.
    """
    words = "; ".join(map(_with_meaning, _words(_read(status, body)))) or _phrase(status)
    return f"{status} {_redact(words, secrets)[:MAX_LENGTH]}".rstrip()


def named_members(body: bytes) -> frozenset[str]:
    """The members of the request that a 422 complains about, in Simli's spelling."""
    match _read(HTTPStatus.UNPROCESSABLE_ENTITY, body):
        case {"detail": list(errors)}:
            places = [error["loc"] for error in errors if _has_place(error)]
            return frozenset(part for place in places for part in place if isinstance(part, str))
    return frozenset()


def _has_place(error: Any) -> bool:
    return isinstance(error, dict) and isinstance(error.get("loc"), list)


def _read(status: int, body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return _billing_text(body) if status == HTTPStatus.PAYMENT_REQUIRED else None


def _billing_text(body: bytes) -> Any:
    """Billing is explained in free text, which speaks of the account and not of the request."""
    text = " ".join(body.decode(errors="replace").split())
    return None if text.startswith("<") else {"error": text}


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


def _with_meaning(words: str) -> str:
    meanings = [meaning for word, meaning in MEANINGS.items() if word in words]
    return ": ".join([words, *meanings])


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _redact(text: str, secrets: Iterable[str]) -> str:
    # Before anything is cut: half a key is a leak too.
    for secret in filter(None, secrets):
        text = text.replace(secret, "[redacted]")
    return text
