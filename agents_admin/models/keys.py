from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from agents_admin.models.base import Base, Keyed, utc_now
from llm_server import Scope


class AdminRole(StrEnum):
    """What the holder of an admin key may do, from little to all."""

    VIEWER = "viewer"
    """Read everything but keys and the audit log."""
    OPERATOR = "operator"
    """Also change agents, start sessions and pull transcripts."""
    ADMIN = "admin"
    """Also make and revoke keys, and read the audit log."""

    def includes(self, other: "AdminRole") -> bool:
        return _ROLES.index(self) >= _ROLES.index(other)


_ROLES = [*AdminRole]


class Revocable(Keyed):
    """What keys of any kind have. They are never deleted: the audit log names them."""

    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AdminKey(Revocable, Base):
    """A key of the admin API. The key itself is nowhere."""

    __tablename__ = "admin_keys"

    prefix: Mapped[str] = mapped_column(String(32))
    """Its beginning, to be recognised by."""
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[AdminRole]
    last_used_at: Mapped[datetime | None]
    """To the minute or so."""


class ServiceKey(Revocable, Base):
    """A signed key of the streaming server, which opens it without a look-up here."""

    __tablename__ = "service_keys"

    scopes: Mapped[list[Scope]] = mapped_column(JSON)
