"""Changes are written down in the transaction that makes them."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.models import AuditAction, AuditEntry
from agents_admin.models.base import Keyed


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes things in one unit of work."""

    id: str
    name: str
    request_id: str | None = None


SERVER = Author("server", "The server itself")


def sign(db: AsyncSession, author: Author) -> None:
    """Name the author of all that this unit of work changes. Unsigned, it is the server."""
    db.info[Author] = author


def record_change(db: AsyncSession, action: AuditAction, changed: Keyed) -> None:
    """Write down a change of a row that has its id already. The caller commits both."""
    author = db.info.get(Author, SERVER)
    db.add(
        AuditEntry(
            actor_id=author.id,
            actor_name=author.name,
            action=action,
            object_type=changed.__tablename__,
            object_id=changed.id,
            request_id=author.request_id,
        )
    )
