"""An agent in Simli's words, and one of Simli's in ours."""

from typing import Any

from pydantic import ValidationError

from agents_admin.agents.schemas import AgentCreate
from agents_admin.agents.sync.steps import SyncRefused, tell_faults
from agents_admin.models import Agent, VoiceProvider
from agents_admin.settings import Settings
from agents_admin.simli import SimliAgent

# Stored agents spell them unlike sessions do, and can be spoken by no others.
VOICE_PROVIDERS = {VoiceProvider.ELEVENLABS: "elevenlabs", VoiceProvider.CARTESIA: "cartesia"}
OUR_VOICE_PROVIDERS = {theirs: ours for ours, theirs in VOICE_PROVIDERS.items()}


def to_simli(agent: Agent, settings: Settings) -> dict[str, Any]:
    """What the copy at Simli has to say, by the names of `UpdateSimliAgent`.

    No more than must be: fuller ones were seen to be taken, and to fail in silence when started.
    """
    _require_storable(agent)
    fields = {
        "name": agent.name,
        "face_id": agent.face_id,
        "system_prompt": agent.system_prompt,
        "first_message": agent.first_message,
        "language": agent.language,
        "voice_provider": agent.voice_provider and VOICE_PROVIDERS[agent.voice_provider],
        "voice_id": agent.voice_id,
        "voice_model": agent.voice_model,
        "llm_provider": "user",
        "llm_model": agent.model,
        "llm_endpoint": f"{settings.public_url}/v1/chat/completions",
    }
    return {name: value for name, value in fields.items() if value is not None}


def from_simli(copy: SimliAgent, settings: Settings, model: str | None) -> AgentCreate:
    """Raises SyncRefused. `model` is for those that no model of the settings answers."""
    fields = {
        "name": copy.name or "Untitled Agent",
        "face_id": copy.face_id,
        "system_prompt": copy.system_prompt,
        "first_message": copy.first_message,
        "language": copy.language,
        "voice_provider": OUR_VOICE_PROVIDERS.get((copy.voice_provider or "").lower()),
        "voice_id": copy.voice_id,
        "voice_model": copy.voice_model,
        "model": copy.llm_model if copy.llm_model in settings.models else model,
        "max_session_length_s": copy.max_session_length_s,
        "max_idle_time_s": copy.max_idle_time_s,
    }
    if not fields["model"]:
        raise SyncRefused(
            f"Simli's agent {copy.id} is answered by {copy.llm_model!r}, which is none of the"
            " settings' `models`. Name one of them with --model."
        )
    try:
        # Simli says "" where nothing was chosen.
        return AgentCreate(**{name: value for name, value in fields.items() if value})
    except ValidationError as exc:
        raise SyncRefused(tell_faults(f"Simli's agent {copy.id}", exc)) from exc


def _require_storable(agent: Agent) -> None:
    """Raises SyncRefused."""
    if agent.face_id is None:
        raise SyncRefused(f"Agent {agent.id} has no `face_id`, which Simli needs to store it.")
    if agent.voice_provider and agent.voice_provider not in VOICE_PROVIDERS:
        raise SyncRefused(
            f"Agent {agent.id} is spoken by {agent.voice_provider}: Simli stores agents of"
            f" {' and '.join(VOICE_PROVIDERS)} only."
        )
