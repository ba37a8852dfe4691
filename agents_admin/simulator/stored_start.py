"""A stored agent and a token -> the start request that they amount to."""

from typing import Final, Literal

from agents_admin.simulator.agents import Agent
from agents_admin.simulator.payloads import LlmConfig, StartSession
from agents_admin.simulator.tokens import Token

# Agents and sessions spell them differently.
_LLM_PROVIDERS: Final[dict[str, Literal["OpenAI", "Google", "User"]]] = {
    "openai": "OpenAI",
    "google": "Google",
    "user": "User",
}
_TTS_PROVIDERS: Final[dict[str, Literal["ElevenLabs", "Cartesia"]]] = {
    "elevenlabs": "ElevenLabs",
    "cartesia": "Cartesia",
}


def start_request(agent: Agent, token: Token) -> StartSession:
    # Validated already, and under other names: what came in as two payloads becomes a third.
    return StartSession.model_construct(
        face_id=agent.face_id,
        tts_provider=_TTS_PROVIDERS[agent.voice_provider],
        tts_api_key=token.request.tts_api_key,
        tts_model=agent.voice_model,
        voice_id=agent.voice_id,
        system_prompt=agent.prompt,
        first_message=agent.first_message,
        max_session_length=agent.max_session_length,
        max_idle_time=agent.max_idle_time,
        language=agent.language,
        create_transcript=token.request.create_transcript,
        llm_config=LlmConfig.model_construct(
            model=agent.llm_model,
            provider=_LLM_PROVIDERS[agent.llm_provider],
            api_key=token.request.llm_api_key,
            base_url=agent.llm_endpoint,
        ),
    )
