"""Keep callers from waiting for a backend that is down."""

from collections.abc import Callable
from enum import StrEnum
from time import monotonic

from llm_server.model_settings import BreakerSettings


class BreakerState(StrEnum):
    CLOSED = "closed"
    """The backend is asked."""
    OPEN = "open"
    """It failed several times in a row, and is left alone."""
    HALF_OPEN = "half_open"
    """One request may try it again, and decides."""


class Breaker:
    """Told how the attempts at one backend ended, it says whether to ask it now."""

    def __init__(self, settings: BreakerSettings, clock: Callable[[], float] = monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def state(self) -> BreakerState:
        if self._open_until is None:
            return BreakerState.CLOSED
        if self._clock() < self._open_until:
            return BreakerState.OPEN
        return BreakerState.HALF_OPEN

    @property
    def is_closed(self) -> bool:
        return self._open_until is None

    def allows(self) -> bool:
        return self.is_closed or (self.state is BreakerState.HALF_OPEN and not self._probing)

    def asked(self) -> None:
        """An attempt begins. While the breaker is half open, there is no second one."""
        self._probing = not self.is_closed

    def failed(self, retry_after_s: float | None = None) -> None:
        """`retry_after_s` is how long the upstream itself asked to be left alone."""
        self._failures += 1
        self._probing = False
        if self._failures >= self._settings.failures:
            self._open_until = self._clock() + max(self._settings.open_s, retry_after_s or 0)

    def passed(self, *, answered: bool) -> None:
        """An attempt ended without a failure: with an answer, or before anything was known."""
        self._probing = False
        if answered:
            self._failures, self._open_until = 0, None
