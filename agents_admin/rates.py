"""How often each key may call: a token bucket for each, in this process alone."""

import math
import time
from collections.abc import Callable

from agents_admin.errors import TooManyRequests


class RequestRates:
    """Lets a key have a minute's requests at once, and then as many as come back with time.

    Asked for keys that exist alone, so there are no more buckets than keys.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = per_minute
        self._per_s = per_minute / 60
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key_id: str) -> None:
        """Raises TooManyRequests."""
        now = self._clock()
        left, since = self._buckets.get(key_id, (self._size, now))
        left = min(self._size, left + (now - since) * self._per_s)
        if left < 1:
            wait_s = math.ceil((1 - left) / self._per_s)
            raise TooManyRequests(
                f"The key has used up its {self._size} requests a minute. Wait {wait_s} s.",
                retry_after_s=wait_s,
            )
        self._buckets[key_id] = (left - 1, now)
