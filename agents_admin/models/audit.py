from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from agents_admin.models.base import Base, Keyed, utc_now


class AuditAction(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    START = "start"
    PULL_TRANSCRIPT = "pull_transcript"
    REVOKE = "revoke"


class AuditEntry(Keyed, Base):
    """Who changed what, and when; never to which value. Outlives what it tells of."""

    __tablename__ = "audit_entries"

    at: Mapped[datetime] = mapped_column(default=utc_now)
    actor_id: Mapped[str] = mapped_column(String(64), index=True)
    actor_name: Mapped[str] = mapped_column(String(200))
    action: Mapped[AuditAction]
    object_type: Mapped[str] = mapped_column(String(32))
    """The name of its table."""
    object_id: Mapped[UUID] = mapped_column(index=True)
    request_id: Mapped[str | None] = mapped_column(String(64))
