"""The agents that are stored at Simli. Their enums are spelled unlike those of sessions.

From Simli's OpenAPI document (AgentRequest, AgentUpdate, AgentResponse). Fuller payloads than
Simli's own dashboard sends were seen to be taken, and to make agents whose sessions fail in
silence: leave out what need not be told. What only Simli writes is left out here.
"""

from typing import Literal

from pydantic import Field

from agents_admin.simli.calls import READING, Calls, segment
from agents_admin.simli.payload import Answer, Sent

AgentVoiceProvider = Literal["elevenlabs", "cartesia"]
AgentLlmProvider = Literal["openai", "google", "user"]


class UpdateSimliAgent(Sent):
    """What is None stays as it is."""

    face_id: str | None = None
    name: str | None = None
    first_message: str | None = Field(default=None, repr=False)
    system_prompt: str | None = Field(default=None, alias="prompt", repr=False)
    voice_provider: AgentVoiceProvider | None = None
    voice_id: str | None = None
    voice_model: str | None = None
    language: str | None = None
    emotion: str | None = None
    llm_provider: AgentLlmProvider | None = None
    llm_model: str | None = None
    llm_endpoint: str | None = None
    """Of a custom LLM (provider `user`), with `/chat/completions` at its end."""
    max_idle_time_s: int | None = Field(default=None, alias="max_idle_time")
    max_session_length_s: int | None = Field(default=None, alias="max_session_length")


class CreateSimliAgent(UpdateSimliAgent):
    """What is None is Simli's to choose."""

    face_id: str
    name: str


class SimliAgent(Answer):
    id: str = Field(min_length=1)
    face_id: str | None = None
    name: str | None = None
    first_message: str | None = Field(default=None, repr=False)
    system_prompt: str | None = Field(default=None, alias="prompt", repr=False)
    voice_provider: str | None = None
    voice_id: str | None = None
    voice_model: str | None = None
    language: str | None = None
    emotion: str | None = None
    llm_provider: str | None = None
    llm_model: str | None = None
    llm_endpoint: str | None = None
    max_idle_time_s: int | None = Field(default=None, alias="max_idle_time")
    max_session_length_s: int | None = Field(default=None, alias="max_session_length")
    owner_id: str | None = None
    simli_version: int | None = None
    created_at: str | None = None
    updated_at: str | None = None


class AgentCalls(Calls):
    async def create_agent(self, request: CreateSimliAgent) -> SimliAgent:
        return SimliAgent.read(await self._call("POST", "/auto/agent", json=request.body()))

    async def list_agents(self) -> list[SimliAgent]:
        return SimliAgent.read_list(await self._call("GET", "/auto/agents", **READING))

    async def get_agent(self, agent_id: str) -> SimliAgent:
        path = f"/auto/agent/{segment(agent_id)}"
        return SimliAgent.read(await self._call("GET", path, **READING))

    async def update_agent(self, agent_id: str, request: UpdateSimliAgent) -> None:
        """Nothing is documented about the answer: get the agent to see it."""
        await self._call("PUT", f"/auto/agent/{segment(agent_id)}", json=request.body())

    async def delete_agent(self, agent_id: str) -> None:
        await self._call("DELETE", f"/auto/agent/{segment(agent_id)}")
