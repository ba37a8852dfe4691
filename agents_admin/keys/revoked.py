"""What the streaming server is told to refuse."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, and_, or_, select

from agents_admin.database import DbSessions
from agents_admin.models import AgentSession, ServiceKey, SessionStatus, utc_now

# A transcript may be pulled before the last word was said, which counts as the end. To refuse an
# avatar that still speaks would silence it.
GRACE = timedelta(minutes=10)


class DatabaseRevocations:
    """The `RevocationSource` of streaming servers that have a database.

    Keys that have expired are left out: their signature says so itself, and the list stays short.
    """

    def __init__(self, db_sessions: DbSessions) -> None:
        self._db_sessions = db_sessions

    async def fetch(self) -> Collection[str]:
        async with self._db_sessions() as db:
            return {
                str(key_id)
                for query in (_service_keys(), _sessions())
                for key_id in await db.scalars(query)
            }


def _service_keys() -> Select[UUID]:
    alive = or_(ServiceKey.expires_at.is_(None), ServiceKey.expires_at > utc_now())
    return select(ServiceKey.id).where(ServiceKey.revoked_at.is_not(None), alive)


def _sessions() -> Select[UUID]:
    """A session's key outlives a session that ends early, or never began."""
    return select(AgentSession.id).where(
        AgentSession.expires_at > utc_now(),
        or_(
            AgentSession.status == SessionStatus.FAILED,
            and_(
                AgentSession.status == SessionStatus.ENDED,
                AgentSession.ended_at <= utc_now() - GRACE,
            ),
        ),
    )
