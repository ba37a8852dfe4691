"""Turns on their way into the database, from a stream that must not wait for it."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import anyio
import msgspec
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError, StatementError

from agents_admin import models
from agents_admin.database import DbSessions, insert_into
from llm_server import Turn

logger = logging.getLogger(__name__)

CAPACITY = 10_000
BATCH = 200
FLUSH_S = 5.0
FIRST_RETRY_S = 0.2
LONGEST_RETRY_S = 15.0

# PostgreSQL stores no NUL; no database stores half of a surrogate pair.
_UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)], "\N{REPLACEMENT CHARACTER}")


class DatabaseTurnSink:
    """Takes turns into memory at once, and writes them in the background while `running`.

    While the database fails, turns wait for it. They are lost only when `capacity` of them wait
    already, when the database refuses one, or when it still fails `flush_s` after the end.
    """

    def __init__(
        self, db_sessions: DbSessions, *, capacity: int = CAPACITY, flush_s: float = FLUSH_S
    ) -> None:
        self._db_sessions = db_sessions
        self._capacity = capacity
        self._flush_s = flush_s
        self._waiting: deque[Turn] = deque()
        self._arrived = asyncio.Event()
        self._ending = asyncio.Event()
        self._ended = asyncio.Event()
        self._losing = False
        self.lost = 0
        """How many turns that should be in the database are not."""

    def record(self, turn: Turn) -> None:
        if turn.session_id is None:
            return  # A plain API caller: there is no session to keep books of.
        if self._ended.is_set():
            self._lose(1, "the server has ended")
        elif len(self._waiting) >= self._capacity:
            self._lose(1, "too many wait for the database")
        else:
            self._waiting.append(turn)
            self._arrived.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write turns until the block ends, and then what is left."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write_until_the_end)
            try:
                yield
            finally:
                self._ending.set()
                self._arrived.set()
                with anyio.move_on_after(self._flush_s, shield=True):
                    await self._ended.wait()
                self._ended.set()
                tasks.cancel_scope.cancel()
        if self._waiting:
            self._lose(len(self._waiting), "the database failed until the end")

    async def _write_until_the_end(self) -> None:
        while self._waiting or not self._ending.is_set():
            await self._arrived.wait()
            batch = [*islice(self._waiting, BATCH)]
            await self._write(batch)
            # Only now: what is being written waits too, and is counted as that.
            for _ in batch:
                self._waiting.popleft()
            if not self._waiting:
                self._note_recovery()
                self._arrived.clear()
        self._ended.set()

    async def _write(self, batch: Sequence[Turn]) -> None:
        """Write a batch, however long the database takes to come back."""
        retry_s = FIRST_RETRY_S
        while True:
            try:
                await self._insert(batch)
            except Exception as exc:
                # Only the kind of the error is told: its message may quote what was said.
                if _is_refusal(exc):
                    return await self._write_one_by_one(batch, type(exc).__name__)
                logger.warning("turns wait for the database: %s", type(exc).__name__)
            else:
                return
            await self._pause(retry_s)
            retry_s = min(retry_s * 2, LONGEST_RETRY_S)

    async def _write_one_by_one(self, batch: Sequence[Turn], reason: str) -> None:
        """One turn that the database refuses must not take the others with it."""
        if len(batch) == 1:
            return self._lose(1, f"the database refused it ({reason})")
        for turn in batch:
            await self._write([turn])

    async def _insert(self, batch: Sequence[Turn]) -> None:
        if not batch:
            return
        async with self._db_sessions.begin() as db:
            ids = {turn.session_id for turn in batch}
            sessions = select(models.AgentSession.id).where(models.AgentSession.id.in_(ids))
            known = {*await db.scalars(sessions)}
            rows = [_row(turn) for turn in batch if turn.session_id in known]
            if rows:
                insert = insert_into(models.Turn, db)
                await db.execute(insert.on_conflict_do_nothing(index_elements=["id"]), rows)

    async def _pause(self, seconds: float) -> None:
        # In the end there is no time for long pauses.
        with anyio.move_on_after(seconds):
            await self._ending.wait()
            await anyio.sleep(FIRST_RETRY_S)

    def _lose(self, count: int, reason: str) -> None:
        self.lost += count
        if not self._losing:  # One line, until all that waits is stored.
            logger.error("turns are lost: %s", reason)
        self._losing = True

    def _note_recovery(self) -> None:
        if self._losing:
            logger.warning("turns are stored again; lost since the start: %d", self.lost)
        self._losing = False


def _is_refusal(exc: Exception) -> bool:
    """Whether the database, or its driver, will never take these rows."""
    refusals = (DataError, IntegrityError, ValueError, TypeError, OverflowError)
    # StatementError itself is about values; those derived from it are about anything.
    return isinstance(exc, refusals) or type(exc) is StatementError


def _row(turn: Turn) -> Any:
    return _storable(msgspec.to_builtins(turn, builtin_types=(UUID, datetime)))


def _storable(value: Any) -> Any:
    match value:
        case str():
            return value.translate(_UNSTORABLE)
        case list() | tuple():
            return [*map(_storable, value)]
        case dict():
            return {name: _storable(member) for name, member in value.items()}
        case _:
            return value
