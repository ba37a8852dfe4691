"""Who may use the REST API: holders of one of the settings' `admin.keys`."""

import hmac
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from agents_admin.errors import Unauthorized

_bearer = HTTPBearer(auto_error=False, description="One of the settings' `admin.keys`.")


async def require_admin(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """Let the request pass only with an admin key. Raises Unauthorized."""
    keys = [key.get_secret_value() for key in request.app.state.settings.admin.keys]
    if not keys:
        raise Unauthorized(
            "No admin key is configured, so nobody may call. Set `admin.keys` in the settings "
            "(or SIMLI_LLM_ADMIN__KEYS), then send one as 'Authorization: Bearer <key>'."
        )
    if credentials is None:
        raise Unauthorized("Send an admin key as 'Authorization: Bearer <key>'.")
    if not _is_one_of(credentials.credentials, keys):
        raise Unauthorized("The key is not one of the settings' `admin.keys`.")


def _is_one_of(candidate: str, keys: list[str]) -> bool:
    # Every key is compared, always: the time taken tells nothing about which one is near.
    digest = sha256(candidate.encode()).digest()
    return any([hmac.compare_digest(digest, sha256(key.encode()).digest()) for key in keys])
