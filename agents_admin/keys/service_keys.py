"""Signed keys of the streaming server, and what is kept of them to take them back."""

from uuid import UUID

import uuid6
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.audit.changes import record_change
from agents_admin.errors import NotFound
from agents_admin.keys.lifetimes import expiry, revoke
from agents_admin.keys.peppers import require_session_secret
from agents_admin.keys.schemas import ServiceKeyCreate, ServiceKeyCreated, ServiceKeyRead
from agents_admin.models import AuditAction, ServiceKey
from agents_admin.paging import PageRequest, Rows, newest_first
from agents_admin.settings import Settings
from llm_server import ServiceClaims, ServiceKeys


async def create_service_key(
    db: AsyncSession, settings: Settings, new: ServiceKeyCreate
) -> ServiceKeyCreated:
    """The only time that anybody sees the key. Raises NotConfigured."""
    keys = ServiceKeys(require_session_secret(settings))
    row = ServiceKey(
        id=uuid6.uuid7(),
        name=new.name,
        scopes=sorted(new.scopes),
        expires_at=expiry(new.expires_in_s),
    )
    db.add(row)
    record_change(db, AuditAction.CREATE, row)
    await db.commit()
    key = keys.sign(_claims(row))
    return ServiceKeyCreated(**ServiceKeyRead.model_validate(row).model_dump(), key=key)


async def list_service_keys(db: AsyncSession, page: PageRequest) -> Rows[ServiceKey]:
    return await newest_first(db, ServiceKey, select(ServiceKey), page)


async def revoke_service_key(db: AsyncSession, key_id: UUID) -> ServiceKey:
    """Raises NotFound."""
    row = await db.get(ServiceKey, key_id)
    if row is None:
        raise NotFound(f"There is no service key {key_id}.")
    await revoke(db, row)
    return row


def _claims(row: ServiceKey) -> ServiceClaims:
    return ServiceClaims(
        key_id=str(row.id),
        scopes=frozenset(row.scopes),
        expires_at=int(row.expires_at.timestamp()) if row.expires_at else None,
    )
