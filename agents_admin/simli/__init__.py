"""All this project knows of Simli's API."""

from agents_admin.simli.client import SimliClient, connect
from agents_admin.simli.errors import (
    SimliConfused,
    SimliError,
    SimliKeyMissing,
    SimliRejected,
    SimliUnreachable,
)
from agents_admin.simli.payloads import (
    CustomLlmConfig,
    LlmConfig,
    StartedSession,
    StartSession,
    TranscriptAnswer,
    TranscriptNotReady,
    TranscriptReady,
    Usage,
)

__all__ = [
    "CustomLlmConfig",
    "LlmConfig",
    "SimliClient",
    "SimliConfused",
    "SimliError",
    "SimliKeyMissing",
    "SimliRejected",
    "SimliUnreachable",
    "StartSession",
    "StartedSession",
    "TranscriptAnswer",
    "TranscriptNotReady",
    "TranscriptReady",
    "Usage",
    "connect",
]
