"""The wire: requests in, chunks and completions out.

A request is decoded once. What the server relies on is checked; everything else is left as it
came, so that an upstream gets also what this server has never heard of.
"""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from llm_server.errors import Envelope, InvalidRequest

if TYPE_CHECKING:
    from llm_server.keys import SessionClaims

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request for a completion.

    `members` is the whole decoded body, `messages` its messages. Treat both as read-only: a
    fallback gets the same request.
    """

    model: str
    messages: list[Json]
    stream: bool = False
    include_usage: bool = False
    members: Json = field(default_factory=dict, repr=False)
    session: "SessionClaims | None" = None
    """Which session an avatar asks for; None for a plain API caller."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of the HTTP request, with names in lower case."""
    fingerprint: int = 0
    """Tells a session's requests apart: the same body has the same one, in this process."""

    @property
    def language(self) -> str:
        """What is spoken: the session's language, BCP 47; English for who has none."""
        return self.session.language if self.session else "en"

    @property
    def choices(self) -> int:
        """How many answers are wanted side by side."""
        n = self.members.get("n")
        return n if isinstance(n, int) and n > 0 else 1

    def for_model(self, model: str) -> "ChatRequest":
        """The same request, asked of another model."""
        return replace(self, model=model)

    @property
    def user_text(self) -> str | None:
        """What the user said last, if anything."""
        for message in reversed(self.messages):
            if message["role"] == "user":
                return text_of(message)
        return None


def text_of(message: Json) -> str:
    """The text of a message or delta, whose content may be a string, parts, or nothing."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(_string(part.get("text")) for part in content if isinstance(part, dict))
    return _string(content)


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def decode(data: bytes) -> Any:
    """Decode JSON. Raises msgspec.DecodeError, UnicodeDecodeError or RecursionError.

    Half of a surrogate pair, as JavaScript leaves behind when it cuts an emoji in two, becomes
    a replacement character: no UTF-8 can hold it, and the rest of the text is worth keeping.
    """
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        if b"\\u" not in data:
            raise
        return msgspec.json.decode(_HALF_PAIR.sub(rb"\1\\ufffd", data))


# An escaped high surrogate without its low one, or the other way round; not an escaped backslash.
_HALF_PAIR = re.compile(
    rb"((?<!\\)(?:\\\\)*)\\u(?:[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u)[dD][c-fC-F][0-9a-fA-F]{2})"
)


class _Message(msgspec.Struct):
    role: str
    content: str | list[Json] | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Shape(msgspec.Struct):
    """The members this server relies on. Others are the upstream's to judge."""

    messages: list[_Message]
    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None


NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def parse_request(
    body: bytes,
    session: "SessionClaims | None" = None,
    headers: Mapping[str, str] = NO_HEADERS,
) -> ChatRequest:
    """Decode the body of a chat completions request.

    A session's key decides its model, whatever the body names, and an absent `stream` means to
    stream: an avatar that gets plain JSON without having asked for it is silent. Raises
    InvalidRequest, whose `param` names the wrong member.
    """
    try:
        members = decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise InvalidRequest(f"The body is not valid JSON: {exc}.") from exc
    except RecursionError as exc:
        raise InvalidRequest("The body is nested too deeply.") from exc
    try:
        shape = msgspec.convert(members, _Shape)
    except msgspec.ValidationError as exc:
        raise _invalid(exc) from exc
    if not shape.messages:
        raise InvalidRequest("Send at least one message.", param="messages")
    model = session.model if session else shape.model
    if not model:
        raise InvalidRequest("Name the model that should answer.", param="model")
    return ChatRequest(
        model=model,
        messages=members["messages"],
        stream=bool(session) if shape.stream is None else shape.stream,
        include_usage=bool(shape.stream_options and shape.stream_options.include_usage),
        members=members,
        session=session,
        headers=headers,
        fingerprint=hash(body) if session else 0,
    )


def _invalid(exc: msgspec.ValidationError) -> InvalidRequest:
    """msgspec says "Expected `str`, got `int` - at `$.messages[0].role`", and no value."""
    problem, _, path = str(exc).partition(" - at `$")
    param = path.rstrip("`").lstrip(".") or None
    missing = re.fullmatch(r"Object missing required field `(\w+)`", problem)
    if missing:
        param = f"{param}.{missing[1]}" if param else missing[1]
        problem = "This member is required"
    return InvalidRequest(f"{param or 'The body'}: {problem}.", param=param)


@dataclass(slots=True)
class Completion:
    """What all chunks of one answer have in common."""

    model: str
    id: str
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, choices: list[Json], usage: Json | None, extra: Json) -> Json:
        """One `chat.completion`, for a caller who does not stream."""
        completion = {
            **extra,
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }
        return completion | {"usage": usage} if usage else completion


def model_list(names: Iterable[str], created: int) -> Json:
    """The answer to `GET /v1/models`."""
    return {"object": "list", "data": [model_object(name, created) for name in names]}


def model_object(name: str, created: int) -> Json:
    return {"id": name, "object": "model", "created": created, "owned_by": "simli-llm-server"}


encode = msgspec.json.Encoder().encode

DONE = b"data: [DONE]\n\n"


def sse(payload: Json | Envelope) -> bytes:
    """One server-sent event. JSON has no raw line breaks, so one `data:` line is enough."""
    return b"data: %b\n\n" % encode(payload)
