"""What can be said of one model: who answers for it, and how long it may take."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from llm_server.conversation.history import HistorySettings
from llm_server.conversation.prompt import PromptSettings
from llm_server.sections import Seconds, Section
from llm_server.tools.settings import ToolSettings

Share = Annotated[float, Field(ge=0, le=1)]


def _p90_or_seconds(value: Any) -> Any:
    """A union would tell of each of its members why it is not that one."""
    if value != "p90" and not (isinstance(value, int | float) and value > 0):
        raise ValueError("expected p90, or seconds")
    return value


class HedgeSettings(Section):
    """Ask the first fallback early, when the model is slower than it usually is."""

    after: Annotated[Literal["p90"] | float, BeforeValidator(_p90_or_seconds)] = "p90"
    """Seconds, or what nine of ten answers needed for their first content, once that is known."""
    budget: Annotated[float, Field(gt=0, le=1)] = 0.1
    """The share of turns that may be asked twice for it."""


class BreakerSettings(Section):
    """Do not let callers wait for a backend that is down."""

    failures: Annotated[int, Field(gt=0)] = 3
    """In a row. After them, the fallbacks are asked first."""
    open_s: Seconds = 5
    """After that, one turn tries it again."""


class ModelSettings(Section):
    """A model that callers may ask for: which backend answers, and who answers if it cannot."""

    backend: str
    # Not shown: options hold the keys of upstreams.
    options: dict[str, Any] = Field(default_factory=dict, repr=False)
    fallbacks: list[str] = Field(default_factory=list)
    first_content_s: Seconds | None = None
    """When the next fallback is asked too, if there has been no content.

    By default 1.2 for spoken answers, of which only words that can be spoken count, else 10.
    """
    stall_s: Seconds | None = None
    """The longest gap between two contents. By default 3 in spoken answers, else
    `limits.stall_s`."""
    retries: Annotated[int, Field(ge=0, le=3)] = 1
    """Of the same backend, before anything has been said, when that may help."""
    hedge: HedgeSettings | None = None
    breaker: BreakerSettings = BreakerSettings()
    context_window: Annotated[int, Field(gt=0)] | None = None
    """Tokens. What is too long for one model goes to a fallback with a larger window."""
    prefill: bool = False
    """Whether the upstream goes on with an assistant message at the end of the request."""
    rescue: bool | None = None
    """Whether a fallback goes on when an answer to a plain API caller breaks off.

    By default if there are fallbacks. Sessions are always rescued.
    """
    voice: str | None = None
    """The voice policy of sessions with this model, one of `voices`."""
    voice_for: Literal["sessions", "everyone"] = "sessions"
    """Who gets spoken answers: `everyone` is for pipelines that call with a service key."""
    prompt: PromptSettings | None = None
    """The model's own instructions, for spoken answers."""
    history: HistorySettings = HistorySettings()
    """How much of a conversation the model is reminded of, for spoken answers."""
    tools: ToolSettings | None = None
    """What the model can do by calling functions and MCP servers here."""
