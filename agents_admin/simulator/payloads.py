"""Simli's request bodies as this simulator understands them, with Simli's names and defaults.

Source: Simli's OpenAPI document of 2026-07-16 (`POST /auto/start/configurable`). Unknown keys
are ignored, as Simli does; a wrong type or an unknown enum member is refused.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, ValidationError
from pydantic.alias_generators import to_camel

DEFAULT_PROMPT = (
    "You are Chatbot, a friendly, helpful robot. Your goal is to demonstrate your capabilities in"
    " a succinct way. Your output will be converted to audio so don't include special characters"
    " in your answers. Respond to what the user said in a creative and helpful way, but keep"
    " your responses brief."
)


@dataclass(frozen=True, slots=True)
class Hook:
    """Where the custom LLM is, and under which names it is called."""

    model: str
    base_url: str
    api_key: str = field(repr=False)


class _Payload(BaseModel):
    # Inputs hold keys, and the text of a pydantic error would show them.
    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, strict=True, hide_input_in_errors=True
    )


def _require_http(url: str) -> str:
    try:
        HttpUrl(url)
    except ValidationError as exc:
        raise ValueError("must be an http or https URL") from exc
    return url


# Kept as it was written: a trailing slash more or less is what a caller may want to try.
HttpText = Annotated[str, AfterValidator(_require_http)]


class CustomLlmConfig(_Payload):
    model: str
    base_url: HttpText = Field(alias="baseURL")
    llm_api_key: str = Field(alias="llmAPIKey", repr=False)


class LlmConfig(_Payload):
    model: str = "gpt-4o-mini"
    provider: Literal["OpenAI", "Google", "User"] = "OpenAI"
    api_key: str | None = Field(default=None, repr=False)
    base_url: HttpText | None = Field(default=None, alias="baseURL")


class StartSession(_Payload):
    face_id: str = "tmp9i8bbq7c"
    tts_provider: Literal["ElevenLabs", "PlayHT", "Cartesia", "User"] = "Cartesia"
    tts_api_key: str | None = Field(default=None, alias="ttsAPIKey", repr=False)
    tts_model: str = "sonic-turbo-2025-03-07"
    voice_id: str = "a167e0f3-df7e-4d52-a9c3-f949145efdab"
    system_prompt: str | None = Field(default=DEFAULT_PROMPT, repr=False)
    first_message: str | None = Field(default=None, repr=False)
    max_session_length: int = 3600
    max_idle_time: int = 300
    language: str = "en"
    custom_llm_config: CustomLlmConfig | None = Field(default=None, alias="customLLMConfig")
    llm_config: LlmConfig = LlmConfig()
    create_transcript: bool = False
    model: Literal["fasttalk", "artalk"] = "artalk"  # of the avatar, not of the LLM

    @property
    def hook(self) -> Hook | None:
        """The custom LLM to call; None where one of Simli's built-in LLMs would answer."""
        custom, named = self.custom_llm_config, self.llm_config
        if custom is not None:
            return Hook(custom.model, custom.base_url, custom.llm_api_key)
        if named.provider == "User" and named.base_url:
            return Hook(named.model, named.base_url, named.api_key or "")
        return None


class StartedSession(BaseModel):
    room_url: str = Field(serialization_alias="roomUrl")
    session_id: str = Field(serialization_alias="sessionId")


class TranscriptEntry(BaseModel):
    role: Literal["user", "assistant"]
    content: str
    timestamp: str


class HistoryRecord(BaseModel):
    id: str
    face_id: str
    kind: str = "Auto"
    end_user_aggregator: str = Field(default="", serialization_alias="endUserAggregator")
    api_key_name: str = Field(default="simulator", serialization_alias="apiKeyName")
    session_total_time: float = Field(serialization_alias="sessionTotalTime")
    start_time: int = Field(serialization_alias="startTime")
    end_time: int = Field(serialization_alias="endTime")


class History(BaseModel):
    sessions: list[HistoryRecord]


class Usage(BaseModel):
    current_usage: int = Field(serialization_alias="currentUsage")
