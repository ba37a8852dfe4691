"""When keys end."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.audit.changes import record_change
from agents_admin.models import AuditAction, utc_now
from agents_admin.models.keys import Revocable


def expiry(expires_in_s: int | None) -> datetime | None:
    return None if expires_in_s is None else utc_now() + timedelta(seconds=expires_in_s)


def has_expired(key: Revocable) -> bool:
    return key.expires_at is not None and key.expires_at <= utc_now()


async def revoke(db: AsyncSession, key: Revocable) -> None:
    """Revoking again changes nothing."""
    if key.revoked_at is None:
        key.revoked_at = utc_now()
        record_change(db, AuditAction.REVOKE, key)
        await db.commit()
