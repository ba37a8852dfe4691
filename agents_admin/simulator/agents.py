"""Stored agents, in memory. Their payloads are stricter than those of sessions.

Source: Simli's OpenAPI document (AgentRequest, AgentUpdate, AgentResponse). Its `format: uuid`
of faces and voices is not enforced: ElevenLabs' voices, and Simli's own default face, have none.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agents_admin.simulator.payloads import require_http

NO_EMOTION = "00000000-0000-0000-0000-000000000000"


def _require_http_or_nothing(url: str) -> str:
    return url and require_http(url)


class AgentUpdate(BaseModel):
    # Defaults say what a new agent has; an update takes only what is given.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    face_id: str = ""
    name: str = "Untitled Agent"
    first_message: str = Field(default="", repr=False)
    prompt: str = Field(default="", repr=False)
    voice_provider: Literal["elevenlabs", "cartesia"] = "cartesia"
    voice_id: str = "a167e0f3-df7e-4d52-a9c3-f949145efdab"
    voice_model: str = "sonic-turbo-2025-03-07"
    language: str = "en"
    emotion: str = NO_EMOTION
    llm_model: str = "gpt-4o-mini"
    llm_endpoint: Annotated[str, AfterValidator(_require_http_or_nothing)] = ""
    llm_provider: Literal["openai", "google", "user"] = "openai"
    max_idle_time: int = 300
    max_session_length: int = 3600
    created_at: str = ""
    updated_at: str = ""


class AgentRequest(AgentUpdate):
    face_id: str
    name: str
    owner_id: str = ""


class Agent(AgentRequest):
    """An AgentResponse."""

    id: str
    simli_version: int = 1


class Agents:
    """The agents of all accounts. Whose they are and when they changed is decided here."""

    def __init__(self) -> None:
        self._by_id: dict[str, Agent] = {}

    def create(self, owner: str, request: AgentRequest) -> Agent:
        now = _now()
        given = request.model_dump(exclude={"owner_id", "created_at", "updated_at"})
        return self._keep(
            Agent(**given, id=str(uuid4()), owner_id=owner, created_at=now, updated_at=now)
        )

    def of(self, owner: str) -> list[Agent]:
        return [agent for agent in self._by_id.values() if agent.owner_id == owner]

    def find(self, owner: str, agent_id: str) -> Agent | None:
        agent = self._by_id.get(agent_id)
        return agent if agent and agent.owner_id == owner else None

    def update(self, agent: Agent, update: AgentUpdate) -> Agent:
        changes: dict[str, Any] = update.model_dump(exclude_unset=True, exclude={"created_at"})
        return self._keep(agent.model_copy(update=changes | {"updated_at": _now()}))

    def delete(self, agent: Agent) -> None:
        del self._by_id[agent.id]

    def _keep(self, agent: Agent) -> Agent:
        self._by_id[agent.id] = agent
        return agent


def _now() -> str:
    return datetime.now(UTC).isoformat()
