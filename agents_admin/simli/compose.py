"""Simli Compose, which replaces Simli Auto: a face alone, for a pipeline of one's own."""

from typing import Any, Literal

from pydantic import Field, field_validator
from pydantic.alias_generators import to_camel

from agents_admin.simli.calls import READING, Calls
from agents_admin.simli.payload import Answer, Secret, Sent
from agents_admin.simli.repeats import when_starting
from agents_admin.simli.tokens import SessionToken


class CreateComposeToken(Sent, alias_generator=to_camel):
    """A face to be driven by audio (StartStreamingSessionRequest). What is None is not sent."""

    face_id: str
    api_version: Literal["v2"] | None = None
    session_aggregator: str | None = None
    """Groups sessions in the history, by visitor for example."""
    handle_silence: bool | None = None
    max_session_length_s: int | None = Field(default=None, alias="maxSessionLength")
    max_idle_time_s: int | None = Field(default=None, alias="maxIdleTime")
    start_frame: int | None = None
    audio_input_format: str | None = None


class IceServer(Answer):
    """For WebRTC between browser and Simli; the credentials are temporary."""

    required = "ICE server"

    urls: list[str] = Field(default_factory=list)
    username: str | None = None
    credential: str | None = Field(default=None, repr=False)

    @field_validator("urls", mode="before")
    @classmethod
    def _wrap_single(cls, urls: Any) -> Any:
        return [urls] if isinstance(urls, str) else urls


class StartLiveKitAgent(Sent):
    """Have Simli join a LiveKit room, with a token of Compose."""

    session_token: Secret
    livekit_token: Secret
    livekit_url: str


class StartedLiveKitAgent(Answer):
    required = "session"

    session_id: str = Field(min_length=1)
    status: str | None = None
    destination: str | None = None


class ComposeCalls(Calls):
    async def create_compose_token(self, request: CreateComposeToken) -> SessionToken:
        """A refusal comes with a token too, which is worth nothing: it is not returned."""
        return SessionToken.read(await self._call("POST", "/compose/token", json=request.body()))

    async def list_ice_servers(self) -> list[IceServer]:
        return IceServer.read_list(await self._call("GET", "/compose/ice", **READING))

    async def start_livekit_agent(self, request: StartLiveKitAgent) -> StartedLiveKitAgent:
        """Needs no key. Billed and repeated as `start_session` is."""
        response = await self._call_openly(
            "POST",
            "/integrations/livekit/agents",
            repeat=when_starting,
            secrets=request.secrets(),
            json=request.body(),
        )
        return StartedLiveKitAgent.read(response)
