from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
)

from agents_admin.models import VoiceProvider

# A language tag (BCP 47), or Deepgram's word for several languages at once.
LANGUAGE = r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*|multi)$"
# No colon, which ends the key in a filter.
LABEL_KEY = "[a-z0-9][a-z0-9._/-]{0,62}"


def storable(text: str) -> str:
    """Raises ValueError."""
    if "\0" in text:
        raise ValueError("expected text without NUL characters, which PostgreSQL cannot store")
    return text


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(storable),
]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE, max_length=35)]
Speech = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(storable)]
Prompt = Annotated[
    str, StringConstraints(min_length=1, max_length=50_000), AfterValidator(storable)
]
LabelKey = Annotated[str, StringConstraints(pattern=f"^{LABEL_KEY}$")]
LabelValue = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=32)]
SessionLength = Annotated[StrictInt, Field(ge=10, le=86_400)]
IdleTime = Annotated[StrictInt, Field(ge=10, le=3600)]


EXAMPLE: dict[str, Any] = {
    "name": "Maya",
    "model": "concierge",
    "language": "en",
    "first_message": "Hello, how can I help?",
    "system_prompt": "You are Maya, the concierge of the Hotel Bellevue. Be brief.",
    "labels": {"team": "reception"},
}


class AgentFields(BaseModel):
    """What an agent may be told. Null leaves a choice to Simli."""

    model_config = ConfigDict(extra="forbid")

    face_id: Name | None = None
    voice_provider: VoiceProvider | None = None
    voice_id: Name | None = None
    voice_model: Name | None = None
    language: Language = "en"
    first_message: Speech | None = Field(None, description="Spoken first, without the model.")
    system_prompt: Prompt | None = None
    voice_policy: Name | None = Field(
        None, description="One of the settings' `voices`; null leaves the choice to the model."
    )
    max_session_length_s: SessionLength = 3600
    max_idle_time_s: IdleTime = 300
    create_transcript: StrictBool = Field(
        True, description="Ask Simli to write down its sessions, to be pulled when they are over."
    )
    labels: Labels = Field(
        default_factory=dict,
        description="Your own words, to find it by.",
        examples=[{"team": "sales"}],
    )


class AgentCreate(AgentFields):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Name
    model: Name = Field(description="One of the settings' `models`.")


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class AgentUpdate(AgentFields):
    """What is not sent stays as it is."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    # The defaults are never used: only what was sent is.
    name: Name = ""
    model: Name = ""


class AgentDefinition(BaseModel):
    """All that makes an agent what it is: what a version keeps."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    face_id: str | None
    voice_provider: VoiceProvider | None
    voice_id: str | None
    voice_model: str | None
    language: str
    first_message: str | None
    system_prompt: str | None
    model: str
    voice_policy: str | None
    max_session_length_s: int
    max_idle_time_s: int
    create_transcript: bool
    labels: dict[str, str]
    archived_at: datetime | None = Field(
        description="Since when it starts no sessions; null while it does."
    )
    simli_agent_id: str | None = Field(
        description="Its copy at Simli, where `simli-llm agents simli` made or found one."
    )


class AgentRead(AgentDefinition):
    id: UUID
    version: int = Field(description="Grows with each change; the `etag` is made of it.")
    created_at: datetime
    updated_at: datetime


class AgentVersionRead(BaseModel):
    """An agent as it once was, since `created_at`."""

    model_config = ConfigDict(from_attributes=True)

    agent_id: UUID
    number: int
    definition: AgentDefinition
    created_at: datetime
