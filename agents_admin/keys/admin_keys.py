"""Keys of the admin API that are kept in the database."""

from secrets import token_urlsafe
from uuid import UUID

import uuid6
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.audit.changes import record_change
from agents_admin.errors import NotFound
from agents_admin.keys.lifetimes import expiry, revoke
from agents_admin.keys.peppers import digest_of, possible_digests
from agents_admin.keys.schemas import AdminKeyCreate, AdminKeyCreated, AdminKeyRead
from agents_admin.models import AdminKey, AuditAction
from agents_admin.paging import PageRequest, Rows, newest_first
from agents_admin.settings import Settings

ADMIN_KEY_PREFIX = "sk-admin-"
SHOWN = len(ADMIN_KEY_PREFIX) + 6


async def create_admin_key(
    db: AsyncSession, settings: Settings, new: AdminKeyCreate
) -> AdminKeyCreated:
    """The only time that anybody sees the key. Raises NotConfigured."""
    key = ADMIN_KEY_PREFIX + token_urlsafe(32)
    row = AdminKey(
        id=uuid6.uuid7(),
        name=new.name,
        role=new.role,
        prefix=key[:SHOWN],
        digest=digest_of(key, settings),
        expires_at=expiry(new.expires_in_s),
    )
    db.add(row)
    record_change(db, AuditAction.CREATE, row)
    await db.commit()
    return AdminKeyCreated(**AdminKeyRead.model_validate(row).model_dump(), key=key)


async def list_admin_keys(db: AsyncSession, page: PageRequest) -> Rows[AdminKey]:
    return await newest_first(db, AdminKey, select(AdminKey), page)


async def revoke_admin_key(db: AsyncSession, key_id: UUID) -> AdminKey:
    """Raises NotFound."""
    row = await db.get(AdminKey, key_id)
    if row is None:
        raise NotFound(f"There is no admin key {key_id}.")
    await revoke(db, row)
    return row


async def find_admin_key(db: AsyncSession, settings: Settings, key: str) -> AdminKey | None:
    """Expired and revoked ones too."""
    if not key.startswith(ADMIN_KEY_PREFIX):
        return None
    digests = possible_digests(key, settings)
    row = await db.scalar(select(AdminKey).where(AdminKey.digest.in_(digests)))
    # Whoever calls may go on to call Simli: no transaction is open then.
    await db.commit()
    return row
