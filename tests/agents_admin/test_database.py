from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.models import AgentSession, utc_now
from tests.agents_admin.databases import one_database_is_enough


@one_database_is_enough
@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 5000)]
)
async def test_sqlite_is_prepared(db: AsyncSession, pragma: str, value: Any) -> None:
    assert await db.scalar(text(f"PRAGMA {pragma}")) == value


async def test_errors_do_not_quote_what_was_to_be_stored(db: AsyncSession) -> None:
    db.add(AgentSession(agent_name="said", model="m", language="en", room_url=None))

    with pytest.raises(IntegrityError) as caught:
        await db.commit()

    assert "parameters hidden" in str(caught.value)


async def test_a_naive_time_is_refused(db: AsyncSession) -> None:
    naive = utc_now().replace(tzinfo=None)
    db.add(AgentSession(agent_name="Ada", model="m", language="en", expires_at=naive))

    with pytest.raises(Exception, match="expected an aware datetime"):
        await db.commit()


@one_database_is_enough
async def test_the_url_of_the_database_is_not_shown(app: FastAPI) -> None:
    assert "sqlite" not in repr(app.state.settings)
