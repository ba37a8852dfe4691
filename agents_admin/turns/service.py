from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.models import Turn


class TurnCount(NamedTuple):
    turn_count: int
    first_turn_at: datetime | None
    last_turn_at: datetime | None


async def list_turns(db: AsyncSession, session_id: UUID) -> list[Turn]:
    """All turns of a session, in order. A session has an end, and so have they."""
    query = select(Turn).where(Turn.session_id == session_id).order_by(Turn.started_at, Turn.id)
    return [*await db.scalars(query)]


async def count_turns(db: AsyncSession, session_id: UUID) -> TurnCount:
    query = select(func.count(), func.min(Turn.started_at), func.max(Turn.started_at))
    row = (await db.execute(query.where(Turn.session_id == session_id))).one()
    return TurnCount(*row)
