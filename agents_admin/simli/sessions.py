"""Start a conversation with an avatar that is described in the request.

From Simli's OpenAPI document (ConfigurableSessionRequest, SessionDetails).
"""

import logging
from enum import StrEnum
from http import HTTPStatus
from typing import Literal, Self

from pydantic import Field
from pydantic.alias_generators import to_camel

from agents_admin.simli.calls import Calls
from agents_admin.simli.errors import SimliRejected
from agents_admin.simli.payload import Answer, Json, OptionalSecret, Secret, Sent
from agents_admin.simli.repeats import when_starting

logger = logging.getLogger(__name__)


class TtsProvider(StrEnum):
    """Who speaks in a session; stored agents have other names for them."""

    ELEVENLABS = "ElevenLabs"
    PLAYHT = "PlayHT"
    CARTESIA = "Cartesia"
    USER = "User"


class CustomLlmConfig(Sent, alias_generator=to_camel):
    """Where the avatar's answers come from: the older of two spellings."""

    model: str
    base_url: str = Field(alias="baseURL")
    api_key: Secret = Field(alias="llmAPIKey")


class LlmConfig(Sent, alias_generator=to_camel):
    """The newer spelling. Key and URL are refused with any provider but `User`."""

    model: str
    provider: Literal["User"] = "User"
    base_url: str = Field(alias="baseURL")
    api_key: Secret


class BuiltInLlm(Sent):
    """One of Simli's own, which take neither key nor URL."""

    model: str
    provider: Literal["OpenAI", "Google"]


class StartSession(Sent, alias_generator=to_camel):
    """A session to start. What is None is not sent: Simli's own defaults apply."""

    face_id: str | None = None
    # Not strict: its value will do.
    tts_provider: TtsProvider | None = Field(default=None, strict=False)
    tts_api_key: OptionalSecret = Field(default=None, alias="ttsAPIKey")
    tts_model: str | None = None
    voice_id: str | None = None
    system_prompt: str | None = Field(default=None, repr=False)
    first_message: str | None = Field(default=None, repr=False)
    language: str | None = None
    max_session_length_s: int | None = Field(default=None, alias="maxSessionLength")
    max_idle_time_s: int | None = Field(default=None, alias="maxIdleTime")
    create_transcript: bool | None = None
    custom_llm_config: CustomLlmConfig | None = Field(default=None, alias="customLLMConfig")
    llm_config: LlmConfig | BuiltInLlm | None = None
    avatar_model: Literal["fasttalk", "artalk"] | None = Field(default=None, alias="model")

    def without(self, refused: frozenset[str]) -> Self | None:
        """With one of two spellings of the custom LLM, if only the other one is refused."""
        if not (self.custom_llm_config and isinstance(self.llm_config, LlmConfig)):
            return None
        match sorted(refused & {"customLLMConfig", "llmConfig"}):
            case ["customLLMConfig"]:
                return self.model_copy(update={"custom_llm_config": None})
            case ["llmConfig"]:
                return self.model_copy(update={"llm_config": None})
        return None


class StartedSession(Answer, alias_generator=to_camel):
    required = "session and room"

    session_id: str = Field(min_length=1, max_length=200)
    room_url: str = Field(min_length=1)
    sent: Json = Field(default_factory=dict, repr=False)
    """What Simli was asked for in the end, without keys: fit to be kept."""


class SessionCalls(Calls):
    async def start_session(self, request: StartSession) -> StartedSession:
        """Start a conversation. Asking twice starts two, and Simli bills both.

        So it is repeated only when nothing was started: no connection, a 429, or a 422 that
        refuses one of two spellings of the custom LLM, which is left out then. The answer's
        `sent` tells.
        """
        try:
            return await self._start(request)
        except SimliRejected as exc:
            accepted = _accepted(request, exc)
            if accepted is None:
                raise
            logger.warning("Simli refused one spelling of the custom LLM: %s", exc.reason)
        return await self._start(accepted)

    async def _start(self, request: StartSession) -> StartedSession:
        response = await self._call(
            "POST",
            "/auto/start/configurable",
            repeat=when_starting,
            secrets=request.secrets(),
            json=request.body(),
        )
        return StartedSession.read(response).model_copy(update={"sent": request.redacted()})


def _accepted(request: StartSession, exc: SimliRejected) -> StartSession | None:
    refused_as_invalid = exc.status == HTTPStatus.UNPROCESSABLE_ENTITY
    return request.without(exc.members) if refused_as_invalid else None
