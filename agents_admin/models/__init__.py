"""The tables. Importing this package knows them all, as migrations need."""

from agents_admin.models.agent_versions import AgentVersion
from agents_admin.models.agents import Agent, VoiceProvider
from agents_admin.models.audit import AuditAction, AuditEntry
from agents_admin.models.base import Base, UtcDateTime, utc_now
from agents_admin.models.keys import AdminKey, AdminRole, ServiceKey
from agents_admin.models.sessions import AgentSession, SessionStatus, TranscriptState
from agents_admin.models.transcripts import Transcript, TranscriptSource
from agents_admin.models.turns import Turn

__all__ = [
    "AdminKey",
    "AdminRole",
    "Agent",
    "AgentSession",
    "AgentVersion",
    "AuditAction",
    "AuditEntry",
    "Base",
    "ServiceKey",
    "SessionStatus",
    "Transcript",
    "TranscriptSource",
    "TranscriptState",
    "Turn",
    "UtcDateTime",
    "VoiceProvider",
    "utc_now",
]
