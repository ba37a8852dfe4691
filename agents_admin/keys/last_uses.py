"""When admin keys were last used, written behind the requests."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import anyio
from sqlalchemy import update

from agents_admin.database import DbSessions
from agents_admin.models import AdminKey, utc_now

logger = logging.getLogger(__name__)

EVERY_S = 60.0
LAST_WRITE_S = 2.0


class LastUses:
    """Remembers uses at once, and writes the latest of each key once a minute while `running`."""

    def __init__(self, db_sessions: DbSessions) -> None:
        self._db_sessions = db_sessions
        self._waiting: dict[UUID, datetime] = {}

    def note(self, key_id: UUID) -> None:
        self._waiting[key_id] = utc_now()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write_now_and_then)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()
                with anyio.move_on_after(LAST_WRITE_S, shield=True):
                    await self.write()

    async def write(self) -> None:
        """Write what waits. What the database does not take now waits for the next time."""
        if not self._waiting:
            return
        written = dict(self._waiting)
        rows = [{"id": key_id, "last_used_at": at} for key_id, at in written.items()]
        try:
            async with self._db_sessions.begin() as db:
                await db.execute(update(AdminKey), rows)
        except Exception as exc:
            # Only the kind: a database's errors quote its password.
            logger.warning("last uses of keys wait for the database: %s", type(exc).__name__)
            return
        self._waiting = {
            key_id: at for key_id, at in self._waiting.items() if written.get(key_id) != at
        }

    async def _write_now_and_then(self) -> None:
        while True:
            await anyio.sleep(EVERY_S)
            await self.write()
