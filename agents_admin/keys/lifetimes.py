"""When keys end."""

from datetime import datetime, timedelta

from agents_admin.models import utc_now
from agents_admin.models.keys import Revocable


def expiry(expires_in_s: int | None) -> datetime | None:
    return None if expires_in_s is None else utc_now() + timedelta(seconds=expires_in_s)


def has_expired(key: Revocable) -> bool:
    return key.expires_at is not None and key.expires_at <= utc_now()


def revoke(key: Revocable) -> None:
    """Revoking again changes nothing."""
    key.revoked_at = key.revoked_at or utc_now()
