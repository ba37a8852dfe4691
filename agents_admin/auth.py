"""Who may use the REST API, and for what: holders of admin keys, each with a role."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer, SecurityScopes
from fastapi.security.utils import get_authorization_scheme_param
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.audit.changes import Author, sign
from agents_admin.database import Db
from agents_admin.errors import Forbidden, Unauthorized
from agents_admin.keys.admin_keys import find_admin_key
from agents_admin.keys.last_uses import LastUses
from agents_admin.keys.lifetimes import has_expired
from agents_admin.models import AdminRole
from agents_admin.settings import Settings

# Only so that the documentation knows of keys: roles are shown as its scopes.
_bearer = HTTPBearer(
    auto_error=False, description="One of the settings' `admin.keys`, or a key made with one."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the holder of a key."""

    key_id: str
    name: str
    role: AdminRole


async def identify(request: Request, db: Db) -> Caller:
    """Tell whose key the request has, and who changes what it changes.

    Raises Unauthorized, and TooManyRequests.
    """
    settings: Settings = request.app.state.settings
    scheme, key = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer" or not key:
        raise Unauthorized("Send an admin key as 'Authorization: Bearer <key>'.")
    caller = _configured(settings, key) or await _stored(
        db, settings, key, request.app.state.last_uses
    )
    if caller is None:
        raise Unauthorized(_advice(settings))
    request.app.state.rates.take(caller.key_id)
    sign(db, Author(caller.key_id, caller.name, request.state.request_id))
    return caller


def _configured(settings: Settings, key: str) -> Caller | None:
    # Every key is compared, always: the time taken tells nothing about which one is near.
    digest = sha256(key.encode()).digest()
    matches = [
        hmac.compare_digest(digest, sha256(known.get_secret_value().encode()).digest())
        for known in settings.admin.keys
    ]
    if not any(matches):
        return None
    number = matches.index(True)
    return Caller(f"config-{number}", f"admin.keys[{number}]", AdminRole.ADMIN)


async def _stored(db: AsyncSession, settings: Settings, key: str, uses: LastUses) -> Caller | None:
    """Raises Unauthorized for a key that opens nothing any more."""
    found = await find_admin_key(db, settings, key)
    if found is None:
        return None
    if found.revoked_at:
        raise Unauthorized("The key has been revoked.")
    if has_expired(found):
        raise Unauthorized("The key has expired.")
    uses.note(found.id)
    return Caller(str(found.id), found.name, found.role)


def _advice(settings: Settings) -> str:
    if settings.admin.keys:
        return "The key is no admin key: neither one of the settings' `admin.keys`, nor one made."
    return (
        "The key is no admin key, and none is configured. Set `admin.keys` in the settings "
        "(or SIMLI_LLM_ADMIN__KEYS), then send one as 'Authorization: Bearer <key>'."
    )


async def _require_role(
    needed: SecurityScopes,
    caller: Annotated[Caller, Depends(identify)],
    _: Annotated[object, Depends(_bearer)],
) -> None:
    for role in map(AdminRole, needed.scopes):
        if not caller.role.includes(role):
            raise Forbidden(
                f"This needs the role {role.value!r}, and the key has {caller.role.value!r}.",
                needed_role=role,
            )


def _needs(role: AdminRole) -> Any:
    return Security(_require_role, scopes=[role.value])


VIEWER = _needs(AdminRole.VIEWER)
OPERATOR = _needs(AdminRole.OPERATOR)
ADMIN = _needs(AdminRole.ADMIN)
"""What an endpoint needs: one of its `dependencies`."""
