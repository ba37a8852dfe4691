"""What starts a session, with Simli's names and defaults.

Source: Simli's OpenAPI document of 2026-07-16 (`POST /auto/start/configurable`, `/auto/token`).
Unknown keys are ignored, as Simli does; a wrong type or an unknown enum member is refused.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, ValidationError
from pydantic.alias_generators import to_camel

DEFAULT_PROMPT = (
    "You are Chatbot, a friendly, helpful robot. Your goal is to demonstrate your capabilities in"
    " a succinct way. Your output will be converted to audio so don't include special characters"
    " in your answers. Respond to what the user said in a creative and helpful way, but keep"
    " your responses brief."
)


class Payload(BaseModel):
    # Inputs hold keys, and the text of a pydantic error would show them.
    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, strict=True, hide_input_in_errors=True
    )


def require_http(url: str) -> str:
    try:
        HttpUrl(url)
    except ValidationError as exc:
        raise ValueError("must be an http or https URL") from exc
    return url


# Kept as it was written: a trailing slash more or less is what a caller may want to try.
HttpText = Annotated[str, AfterValidator(require_http)]


class CustomLlmConfig(Payload):
    model: str
    base_url: HttpText = Field(alias="baseURL")
    llm_api_key: str = Field(alias="llmAPIKey", repr=False)


class LlmConfig(Payload):
    model: str = "gpt-4o-mini"
    provider: Literal["OpenAI", "Google", "User"] = "OpenAI"
    api_key: str | None = Field(default=None, repr=False)
    base_url: HttpText | None = Field(default=None, alias="baseURL")


class StartSession(Payload):
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


class StartedSession(BaseModel):
    room_url: str = Field(serialization_alias="roomUrl")
    session_id: str = Field(serialization_alias="sessionId")


class TokenRequest(Payload):
    simli_api_key: str = Field(alias="simliAPIKey", repr=False)
    expiry_stamp: int | None = -1
    llm_api_key: str | None = Field(default="", alias="llmAPIKey", repr=False)
    tts_api_key: str | None = Field(default="", alias="ttsAPIKey", repr=False)
    create_transcript: bool = False
    # JSON has no sets, so this one field may not be strict.
    origin_allow_list: frozenset[str] | None = Field(default=frozenset(), strict=False)
