"""How long a caller waits, and for what."""

from dataclasses import dataclass

from llm_server.model_settings import ModelSettings
from llm_server.protocol import ChatRequest
from llm_server.settings import Limits
from llm_server.voice.policy import VoiceSettings

# Members of a request whose answer is more than prose, so that nobody else could go on with half
# of it; and their values with which it is prose all the same.
EXACT = ("response_format", "tools", "functions", "logprobs", "n", "audio")
PROSE: tuple[object, ...] = (None, False, 1, [], {"type": "text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds, counted since the request was understood."""

    spoken: bool
    """Whether somebody listens: then only words that can be spoken, and tool calls, count as
    content. Thoughts, marks and empty pieces do not."""
    first_content_s: float | None
    """When the next fallback is asked too. None is never: only when one fails."""
    give_up_s: float
    """When the first content must have come, from whomever."""
    stall_s: float
    """The longest gap between two contents."""
    stream_s: float
    """The whole answer."""
    late_s: float | None = None
    """When `Late` is yielded, if there has been no content."""
    rescue: bool = False
    """Whether a fallback goes on when an answer breaks off."""
    going_on: bool = False
    """Whether it is only the rest of an answer that is waited for."""


# Until the next fallback is asked: what a listener puts up with, and what a program does.
LISTENER_S, CALLER_S = 1.2, 10.0
LISTENER_STALL_S = 3.0


def pace_of_listener(model: ModelSettings, limits: Limits, voice: VoiceSettings) -> Pace:
    """For who hears the answer."""
    return Pace(
        spoken=True,
        first_content_s=model.first_content_s or LISTENER_S,
        give_up_s=voice.give_up_s,
        stall_s=model.stall_s or LISTENER_STALL_S,
        stream_s=limits.stream_s,
        late_s=voice.filler_after_s,
        rescue=True,
    )


def pace_of_caller(model: ModelSettings, limits: Limits, request: ChatRequest) -> Pace:
    """For a plain API caller: what the model says, and nothing given up before its time."""
    rescue = bool(model.fallbacks) if model.rescue is None else model.rescue
    return Pace(
        spoken=False,
        first_content_s=(model.first_content_s or CALLER_S) if model.fallbacks else None,
        give_up_s=limits.first_event_s,
        stall_s=model.stall_s or limits.stall_s,
        stream_s=limits.stream_s,
        rescue=rescue and all(request.members.get(name) in PROSE for name in EXACT),
    )
