from uuid import UUID

from fastapi import APIRouter

from agents_admin.auth import ADMIN
from agents_admin.database import Db
from agents_admin.dependencies import AppSettings
from agents_admin.errors import NotConfigured, NotFound
from agents_admin.keys import service_keys
from agents_admin.keys.schemas import ServiceKeyCreate, ServiceKeyCreated, ServiceKeyRead
from agents_admin.models import ServiceKey
from agents_admin.paging import Page, Paging, Rows
from agents_admin.problems import document

router = APIRouter(prefix="/keys/service", tags=["keys"], dependencies=[ADMIN])


@router.post(
    "",
    status_code=201,
    responses=document(NotConfigured),
    summary="Make a key of the streaming server",
)
async def create_service_key(
    new: ServiceKeyCreate, db: Db, settings: AppSettings
) -> ServiceKeyCreated:
    """The answer is the only place where `key` is ever shown."""
    return await service_keys.create_service_key(db, settings, new)


@router.get("", response_model=Page[ServiceKeyRead], summary="List service keys, newest first")
async def list_service_keys(db: Db, page: Paging) -> Rows[ServiceKey]:
    """Those made here; those of the settings' `api_keys` are not listed."""
    return await service_keys.list_service_keys(db, page)


@router.post(
    "/{key_id}/revoke",
    response_model=ServiceKeyRead,
    responses=document(NotFound),
    summary="Revoke a service key",
)
async def revoke_service_key(key_id: UUID, db: Db) -> ServiceKey:
    """Streaming servers with this database refuse it after `keys.revocations_refresh_s`."""
    return await service_keys.revoke_service_key(db, key_id)
