"""How many conversations an account may start."""

import time
from collections import defaultdict, deque

from agents_admin.simulator.behaviour import Limits


class TooManyStarts(Exception):
    """The account must wait; the message says for what."""


class StartLimiter:
    """Remembers when each account started its latest conversations."""

    def __init__(self) -> None:
        self._starts: defaultdict[str, deque[float]] = defaultdict(deque)

    def admit(self, account: str, running: int, limits: Limits) -> None:
        """Count one more start, or raise `TooManyStarts`. What is refused does not count."""
        if limits.sessions is not None and running >= limits.sessions:
            raise TooManyStarts("Concurrent session limit reached")
        now, recent = time.monotonic(), self._starts[account]
        while recent and recent[0] <= now - limits.window_s:
            recent.popleft()
        if limits.starts is not None and len(recent) >= limits.starts:
            raise TooManyStarts("Rate limit exceeded")
        recent.append(now)
