from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.audit.schemas import AuditFilter
from agents_admin.models import AuditEntry
from agents_admin.paging import PageRequest, Rows, newest_first


async def list_changes(
    db: AsyncSession, page: PageRequest, wanted: AuditFilter
) -> Rows[AuditEntry]:
    columns = {
        AuditEntry.actor_id: wanted.actor,
        AuditEntry.action: wanted.action,
        AuditEntry.object_type: wanted.object_type,
        AuditEntry.object_id: wanted.object_id,
    }
    filters = [column == value for column, value in columns.items() if value is not None]
    return await newest_first(db, AuditEntry, select(AuditEntry).where(*filters), page)
