"""A model's own instructions, beside or instead of those that its caller sends."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from llm_server.conversation.prompt_template import compile_template, render
from llm_server.conversation.system import (
    head_length,
    instructions,
    with_instruction,
    with_preamble,
)
from llm_server.keys import SessionClaims
from llm_server.protocol import Json
from llm_server.sections import Section

Mode = Literal["replace", "extend", "before"]


class PromptSettings(Section):
    """A model's own instructions: a Jinja template, in `text` or in a file.

    It may use `language`, `session.session_id`, `session.agent_id`, `session.language`, `date`,
    `now`, `simli_prompt` and its own `variables`. An upstream's prompt cache is good for what is
    the same in all turns: a `date` changes once a day, but `now` makes each turn wait.
    """

    text: str | None = None
    file: Path | None = None
    mode: Mode = "replace"
    """Instead of the caller's instructions (`simli_prompt`), after them, or before them."""
    variables: dict[str, str] = Field(default_factory=dict)
    timezone: str = "UTC"
    """Of `now` and `date`: a name such as Europe/Berlin."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.text is None) == (self.file is None):
            raise ValueError("expected either text or file")
        return self

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ValueError("expected the name of a time zone, such as Europe/Berlin") from exc
        return name


@dataclass(frozen=True, slots=True)
class PromptContext:
    """What a prompt may tell of a request."""

    session: SessionClaims | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class _Session:
    """What a prompt may tell of a session. Its key's other claims are no model's business."""

    session_id: str = ""
    agent_id: str = ""
    language: str = "en"

    @classmethod
    def of(cls, claims: SessionClaims | None) -> "_Session":
        if claims is None:
            return cls()
        return cls(str(claims.session_id), str(claims.agent_id or ""), claims.language)


class Prompt:
    """A prompt that can be filled in. Made before the server accepts requests."""

    def __init__(self, settings: PromptSettings) -> None:
        """Raises ValueError for a template that cannot be used, or its file."""
        self.mode = settings.mode
        self._variables = settings.variables
        self._timezone = ZoneInfo(settings.timezone)
        examples = self._values(PromptContext(), "")
        if taken := examples.keys() & settings.variables.keys():
            raise ValueError(f"variables: {', '.join(sorted(taken))} mean something else already")
        known = examples | settings.variables
        self._template, used = compile_template(_source(settings), known)
        # Where nothing of the request is in it, it is filled in here and now.
        fixed = used <= settings.variables.keys()
        self._constant = render(self._template, settings.variables) if fixed else None

    def fill_in(self, context: PromptContext, simli_prompt: str) -> str:
        """The prompt for one request. Raises InvalidRequest if it becomes too long."""
        if self._constant is not None:
            return self._constant
        return render(self._template, self._values(context, simli_prompt) | self._variables)

    def _values(self, context: PromptContext, simli_prompt: str) -> dict[str, Any]:
        now = context.now.astimezone(self._timezone)
        session = _Session.of(context.session)
        return {
            "date": now.date(),
            "language": session.language,
            "now": now,
            "session": session,
            "simli_prompt": simli_prompt,
        }


def _source(settings: PromptSettings) -> str:
    if settings.file is None:
        return settings.text or ""
    try:
        return settings.file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ValueError(f"file: {settings.file} cannot be read: {exc}") from exc


def with_prompt(messages: Sequence[Json], prompt: Prompt, context: PromptContext) -> list[Json]:
    """The conversation with the model's own instructions. Raises InvalidRequest."""
    text = prompt.fill_in(context, instructions(messages)).strip()
    match prompt.mode:
        case "extend":
            return with_instruction(messages, text)
        case "before":
            return with_preamble(messages, text)
        case "replace":
            return with_instruction(messages[head_length(messages) :], text)
