"""Who calls: an account for the Simli key, or a refusal in the words of the service called."""

from typing import Annotated

from fastapi import Depends, Header, HTTPException

from agents_admin.simulator.endpoints.errors import ServiceRefused
from agents_admin.simulator.simulator import CurrentSimulator

INVALID_KEY = "Invalid API key"

Key = Annotated[str, Header(alias="x-simli-api-key")]
OldKey = Annotated[str, Header(alias="api-key")]


async def find_account(simulator: CurrentSimulator, key: Key = "") -> str | None:
    return simulator.account_of(key)


PossibleAccount = Annotated[str | None, Depends(find_account)]


async def require_account(account: PossibleAccount) -> str:
    if account is None:
        raise HTTPException(401, INVALID_KEY)
    return account


async def require_service_account(account: PossibleAccount) -> str:
    if account is None:
        raise ServiceRefused(401, INVALID_KEY)
    return account


async def require_account_by_any_key(
    simulator: CurrentSimulator, key: Key = "", old_key: OldKey = ""
) -> str:
    """The transcript alone is still documented with the header that was used before."""
    return await require_account(simulator.account_of(key or old_key))


Account = Annotated[str, Depends(require_account)]
ServiceAccount = Annotated[str, Depends(require_service_account)]
AccountByAnyKey = Annotated[str, Depends(require_account_by_any_key)]
