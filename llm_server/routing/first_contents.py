"""How long a backend usually takes until its first content."""

from collections import deque

# Enough to know a percentile by, and few enough to forget yesterday's.
REMEMBERED = 200
NEEDED = 20


class FirstContents:
    """The latest times, in seconds."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=REMEMBERED)

    def add(self, seconds: float) -> None:
        self._times.append(seconds)

    def p90(self) -> float | None:
        """What nine of ten stayed below; None until there are enough to tell."""
        if len(self._times) < NEEDED:
            return None
        return sorted(self._times)[len(self._times) * 9 // 10]
