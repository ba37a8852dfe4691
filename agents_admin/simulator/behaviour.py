"""How this Simli behaves, where the real one is unknown, disputed or limited by the account.

The defaults are what is documented or was seen most reliably. Everything else is a switch, so
that a server can be tried against every Simli that there might be.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from agents_admin.simulator.written import InputRefused, Written, check, parse, read


class Calls(Written):
    """How the custom LLM is called."""

    never: bool = False
    """A room is opened, but nobody ever calls."""
    stream: bool = True
    """Send `stream` and `stream_options`. An answer is read as a stream either way."""
    system_message: bool = True
    """Send the system prompt."""
    first_message: bool = True
    """Send the first message as part of the history."""
    at_join: bool = False
    """Call once before the visitor spoke, if there is no first message."""
    doubled_suffix: bool = False
    """Call …/chat/completions/chat/completions, as for a URL that has the path already."""
    retries: int = Field(default=2, ge=0)
    """How often the SDK tries again after a refused connection, 408, 409, 429 or 5xx."""
    twice: bool = False
    """Send every turn twice at once; the second answer is not heard."""
    early: int = Field(default=0, ge=0)
    """Ask that many times with the beginning of what the visitor is still saying; each of
    these requests is hung up on when the visitor has said more."""
    early_s: float = Field(default=0.1, ge=0)
    """How long the visitor speaks on before such a request is superseded."""


class Starts(Written):
    """What a start request may contain, and what is made of it."""

    ignore_custom_llm_config: bool = False
    """Take no notice of `customLLMConfig`."""
    ignore_llm_config: bool = False
    """Take no notice of `llmConfig`."""
    provider_rules: bool = True
    """Refuse foreign models, keys and URLs in an `llmConfig` of OpenAI or Google, with 422."""
    silent_voices: frozenset[str] = frozenset()
    """Voices whose engine fails: the custom LLM is called, but nothing is heard. `*` is all."""
    unlisted_origins: Literal["refused", "allowed"] = "refused"
    """What a browser gets for a token whose `originAllowList` is empty."""


class Limits(Written):
    """What an account may do, and the timers of its sessions."""

    sessions: int | None = Field(default=None, ge=0)
    """Conversations at once; more are 429."""
    starts: int | None = Field(default=None, ge=0)
    """Starts within `window_s` seconds; more are 429."""
    window_s: float = Field(default=10, gt=0)
    """The seconds in which starts are counted."""
    retry_after_s: int | None = Field(default=None, ge=0)
    """The header `retry-after` of a 429."""
    second_s: float = Field(default=1, gt=0)
    """How long a second of `maxIdleTime` and `maxSessionLength` takes here."""


class Transcripts(Written):
    """When there is a transcript, where, and of what shape."""

    id_in: Literal["query", "path"] = "query"
    """Where the session's id is looked for."""
    delay_s: float = Field(default=0, ge=0)
    """How long after the conversation it is there."""
    meanwhile: Literal["not_found", "accepted", "empty"] = "not_found"
    """What is answered before: 404, 202 or `[]`."""
    shape: Literal["list", "wrapped", "nothing", "text"] = "list"
    """A list of entries, `{"transcript": [...]}`, `{}`, or one string."""


class Faces(Written):
    """Faces, which exist by name alone."""

    unknown: frozenset[str] = frozenset()
    """Faces for which /compose/token answers INVALID_FACE_ID."""
    ready_after_s: float = Field(default=0, ge=0)
    """How long making a face takes."""


class Behaviour(Written):
    calls: Calls = Calls()
    starts: Starts = Starts()
    limits: Limits = Limits()
    transcripts: Transcripts = Transcripts()
    faces: Faces = Faces()


def load_behaviour(path: Path | None = None, switches: Sequence[str] = ()) -> Behaviour:
    """Read a YAML file, then set single switches such as `calls.stream=false`.

    Raises `InputRefused` with the place of every fault.
    """
    content = (read(path) if path else None) or {}
    for switch in switches if isinstance(content, dict) else ():
        _set(content, switch)
    return check(Behaviour, content, path.name if path else "behaviour")


def list_switches() -> Iterator[tuple[str, object, str]]:
    """Yield the path, the default and the meaning of every switch."""
    for section, part in Behaviour():
        assert isinstance(part, BaseModel)
        for name, field in type(part).model_fields.items():
            meaning = " ".join((field.description or "").split())
            yield f"{section}.{name}", getattr(part, name), meaning


def _set(content: dict[str, Any], switch: str) -> None:
    path, given, value = switch.partition("=")
    section, dot, name = path.partition(".")
    if not (given and dot):
        raise InputRefused(f"{switch!r}: say it as calls.stream=false")
    part = content.setdefault(section, {})
    if not isinstance(part, dict):
        raise InputRefused(f"{section}: this is no section")
    part[name] = parse(value, path)
