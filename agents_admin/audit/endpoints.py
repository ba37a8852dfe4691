from fastapi import APIRouter

from agents_admin.audit import service
from agents_admin.audit.schemas import AuditRead, Filter
from agents_admin.auth import ADMIN
from agents_admin.database import Db
from agents_admin.models import AuditEntry
from agents_admin.paging import Page, Paging, Rows

router = APIRouter(prefix="/audit", tags=["audit"], dependencies=[ADMIN])


@router.get("", response_model=Page[AuditRead], summary="List who changed what, newest first")
async def list_changes(db: Db, page: Paging, wanted: Filter) -> Rows[AuditEntry]:
    """`request_id` is the header `x-request-id` of the answer to the change."""
    return await service.list_changes(db, page, wanted)
