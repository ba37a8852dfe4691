"""What Simli is asked for when a session starts, and the key it will call with."""

from datetime import timedelta

from agents_admin.keys.peppers import require_session_secret
from agents_admin.models import Agent, AgentSession
from agents_admin.settings import LlmHook, Settings
from agents_admin.simli import CustomLlmConfig, LlmConfig, StartSession
from llm_server import SessionClaims, SessionKeys

# A key outlives its session a little: Simli counts from when the room is ready, not from here.
KEY_GRACE = timedelta(minutes=5)


def require_session_keys(settings: Settings) -> SessionKeys:
    """Raises NotConfigured."""
    return SessionKeys(require_session_secret(settings))


def session_lifetime(agent: Agent) -> timedelta:
    return timedelta(seconds=agent.max_session_length_s) + KEY_GRACE


def make_start_request(
    agent: Agent, session: AgentSession, keys: SessionKeys, settings: Settings
) -> StartSession:
    base_url = f"{settings.public_url}/v1"
    key = keys.sign(_claims(agent, session))
    custom = CustomLlmConfig(model=session.model, base_url=base_url, api_key=key)
    llm = LlmConfig(model=session.model, base_url=base_url, api_key=key)
    return StartSession(
        face_id=agent.face_id,
        tts_provider=agent.voice_provider,
        tts_model=agent.voice_model,
        voice_id=agent.voice_id,
        system_prompt=agent.system_prompt,
        first_message=agent.first_message,
        language=agent.language,
        max_session_length_s=agent.max_session_length_s,
        max_idle_time_s=agent.max_idle_time_s,
        create_transcript=agent.create_transcript,
        custom_llm_config=custom if settings.simli.llm_hook != LlmHook.LLM_CONFIG else None,
        llm_config=llm if settings.simli.llm_hook != LlmHook.CUSTOM_LLM_CONFIG else None,
    )


def _claims(agent: Agent, session: AgentSession) -> SessionClaims:
    return SessionClaims(
        session_id=session.id,
        agent_id=session.agent_id,
        model=session.model,
        language=session.language,
        voice=agent.voice_policy,
        expires_at=int(session.expires_at.timestamp()),
    )
