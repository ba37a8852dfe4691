from uuid import UUID

from fastapi import APIRouter

from agents_admin.auth import ADMIN
from agents_admin.database import Db
from agents_admin.dependencies import AppSettings
from agents_admin.errors import NotConfigured, NotFound
from agents_admin.keys import admin_keys
from agents_admin.keys.schemas import AdminKeyCreate, AdminKeyCreated, AdminKeyRead
from agents_admin.models import AdminKey
from agents_admin.paging import Page, Paging, Rows
from agents_admin.problems import document

router = APIRouter(prefix="/keys/admin", tags=["keys"], dependencies=[ADMIN])


@router.post(
    "", status_code=201, responses=document(NotConfigured), summary="Make a key of the admin API"
)
async def create_admin_key(new: AdminKeyCreate, db: Db, settings: AppSettings) -> AdminKeyCreated:
    """The answer is the only place where `key` is ever shown."""
    return await admin_keys.create_admin_key(db, settings, new)


@router.get("", response_model=Page[AdminKeyRead], summary="List admin keys, newest first")
async def list_admin_keys(db: Db, page: Paging) -> Rows[AdminKey]:
    """Those made here; those of the settings' `admin.keys` are not listed."""
    return await admin_keys.list_admin_keys(db, page)


@router.post(
    "/{key_id}/revoke",
    response_model=AdminKeyRead,
    responses=document(NotFound),
    summary="Revoke an admin key",
)
async def revoke_admin_key(key_id: UUID, db: Db) -> AdminKey:
    """It opens nothing from now on."""
    return await admin_keys.revoke_admin_key(db, key_id)
