"""All this project knows of Simli's API."""

from agents_admin.simli.agents import CreateSimliAgent, SimliAgent, UpdateSimliAgent
from agents_admin.simli.calls import Sleep
from agents_admin.simli.client import SimliClient, connect
from agents_admin.simli.compose import (
    CreateComposeToken,
    IceServer,
    StartedLiveKitAgent,
    StartLiveKitAgent,
)
from agents_admin.simli.errors import (
    SimliConfused,
    SimliError,
    SimliKeyMissing,
    SimliRateLimited,
    SimliRejected,
    SimliUnreachable,
)
from agents_admin.simli.faces import Face, FaceGeneration, Image
from agents_admin.simli.history import HistoryRecord, Usage
from agents_admin.simli.sessions import (
    BuiltInLlm,
    CustomLlmConfig,
    LlmConfig,
    StartedSession,
    StartSession,
    TtsProvider,
)
from agents_admin.simli.tokens import CreateToken, SessionToken, TokenIn
from agents_admin.simli.transcripts import (
    TranscriptAnswer,
    TranscriptNotReady,
    TranscriptReady,
)
from agents_admin.simli.videos import CreateVideo, Video

__all__ = [
    "BuiltInLlm",
    "CreateComposeToken",
    "CreateSimliAgent",
    "CreateToken",
    "CreateVideo",
    "CustomLlmConfig",
    "Face",
    "FaceGeneration",
    "HistoryRecord",
    "IceServer",
    "Image",
    "LlmConfig",
    "SessionToken",
    "SimliAgent",
    "SimliClient",
    "SimliConfused",
    "SimliError",
    "SimliKeyMissing",
    "SimliRateLimited",
    "SimliRejected",
    "SimliUnreachable",
    "Sleep",
    "StartLiveKitAgent",
    "StartSession",
    "StartedLiveKitAgent",
    "StartedSession",
    "TokenIn",
    "TranscriptAnswer",
    "TranscriptNotReady",
    "TranscriptReady",
    "TtsProvider",
    "UpdateSimliAgent",
    "Usage",
    "Video",
    "connect",
]
