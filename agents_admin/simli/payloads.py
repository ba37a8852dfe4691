"""What is sent to Simli and what comes back: our names, with theirs as aliases.

From Simli's OpenAPI specification (ConfigurableSessionRequest, SessionDetails). Strict in what
is sent, lenient in what is taken: only what nobody can do without is required.
"""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Payload(BaseModel):
    # What is wrong with a payload is never told by quoting it.
    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        serialize_by_alias=True,
        frozen=True,
        hide_input_in_errors=True,
    )


class CustomLlmConfig(Payload):
    """Where the avatar's answers come from: the older of two spellings."""

    model: str
    base_url: str = Field(alias="baseURL")
    api_key: str = Field(alias="llmAPIKey", repr=False)


class LlmConfig(Payload):
    """The newer spelling. Key and URL are refused with any provider but `User`."""

    model: str
    provider: Literal["User"] = "User"
    base_url: str = Field(alias="baseURL")
    api_key: str = Field(repr=False)


class StartSession(Payload):
    """A session to start. What is None is not sent: Simli's own defaults apply."""

    face_id: str | None = None
    tts_provider: str | None = None
    tts_model: str | None = None
    voice_id: str | None = None
    system_prompt: str | None = Field(default=None, repr=False)
    first_message: str | None = Field(default=None, repr=False)
    language: str
    max_session_length_s: int = Field(alias="maxSessionLength")
    max_idle_time_s: int = Field(alias="maxIdleTime")
    create_transcript: bool
    custom_llm_config: CustomLlmConfig | None = Field(default=None, alias="customLLMConfig")
    llm_config: LlmConfig | None = None

    @property
    def secrets(self) -> list[str]:
        """What must not be seen if Simli's answer quotes the request."""
        return [config.api_key for config in (self.custom_llm_config, self.llm_config) if config]


class StartedSession(Payload):
    session_id: str = Field(min_length=1, max_length=200)
    room_url: str = Field(min_length=1)


class Usage(Payload):
    current_usage: int
    """Sessions that run now."""
    date: str | None = None
    """Simli's clock, as its answer's header has it."""


@dataclass(frozen=True, slots=True)
class TranscriptReady:
    """Simli's answer as it came; nothing is published about its shape."""

    raw: Any


class TranscriptNotReady:
    """Simli has no transcript of this session, or not yet: it does not tell which."""


TranscriptAnswer = TranscriptReady | TranscriptNotReady
