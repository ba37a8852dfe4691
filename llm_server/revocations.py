"""Keys that were taken back before they expired."""

import logging
from collections.abc import Collection
from typing import Protocol

import anyio

logger = logging.getLogger(__name__)


class Revocations(Protocol):
    """What is revoked, as far as is known. Asked for each request, so it never waits."""

    def is_revoked(self, key_id: str) -> bool: ...


class RevocationSource(Protocol):
    """Where it is kept what is revoked."""

    async def fetch(self) -> Collection[str]:
        """All revoked ids: those of service keys, and of sessions as `str(session_id)`."""
        ...


class RevokedIds:
    """The last list that a source gave.

    While the source fails the list stays as it is: calls go on without it.
    """

    def __init__(self, source: RevocationSource | None = None) -> None:
        self._source = source
        self._ids: frozenset[str] = frozenset()
        self._failing = False

    def is_revoked(self, key_id: str) -> bool:
        return key_id in self._ids

    async def keep_fresh(self, every_s: float) -> None:
        """Ask the source again and again, until cancelled."""
        while True:
            await anyio.sleep(every_s)
            await self.refresh(every_s)

    async def refresh(self, patience_s: float) -> None:
        """Ask the source once. What it raises is logged."""
        if self._source is None:
            return
        try:
            with anyio.fail_after(patience_s):
                self._ids = frozenset(await self._source.fetch())
        except Exception as exc:
            # Only the kind: a database's errors quote its password and its rows.
            if not self._failing:
                logger.error("revocations are not known any more: %s", type(exc).__name__)
            self._failing = True
            return
        if self._failing:
            logger.warning("revocations are known again")
        self._failing = False


NO_REVOCATIONS = RevokedIds()
