"""What may be asked of Simli once more, and after how long. Whatever is started is billed."""

import math
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from agents_admin.simli.errors import SimliError, SimliRateLimited, SimliUnreachable

Repeat = Callable[[SimliError, int], float | None]
"""Of a failure, and of how often it failed before: the seconds to wait, or None to give up."""

BACKOFF_S = (0.5, 1.0)

# Starts in quick succession are refused. Seen to work in the field, one after the other.
START_WAITS_S = (1.2, 2.5, 4.0)

# Somebody waits for the session: told to wait longer than this, it is theirs to decide.
LONGEST_WAIT_S = 10.0


def unless_sent(failure: SimliError, failed: int) -> float | None:
    """For calls that change something: repeated only if Simli cannot have heard of them."""
    match failure:
        case SimliUnreachable(sent=False):
            return _with_jitter(_nth(BACKOFF_S, failed))
    return None


def when_reading(failure: SimliError, failed: int) -> float | None:
    """For calls that change nothing."""
    match failure:
        case SimliUnreachable():
            return _with_jitter(_nth(BACKOFF_S, failed))
    return None


def when_starting(failure: SimliError, failed: int) -> float | None:
    """For calls that start what is billed by the minute: a 429 has started nothing."""
    match failure:
        case SimliRateLimited(retry_after_s=None):
            return _nth(START_WAITS_S, failed)
        case SimliRateLimited(retry_after_s=float(wait_s)) if wait_s <= LONGEST_WAIT_S:
            return wait_s if failed < len(START_WAITS_S) else None
    return unless_sent(failure, failed)


def read_retry_after(value: str | None) -> float | None:
    """Seconds from now, out of either form of the header (RFC 9110, section 10.2.3)."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(date: str) -> float:
    try:
        return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
    # A date without a zone cannot be subtracted.
    except (ValueError, TypeError):
        return math.nan


def _nth(waits: Sequence[float], failed: int) -> float | None:
    return waits[failed] if failed < len(waits) else None


def _with_jitter(wait_s: float | None) -> float | None:
    return None if wait_s is None else wait_s * random.uniform(1, 1.2)
