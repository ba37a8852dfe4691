from fastapi import APIRouter, HTTPException

from agents_admin.simulator.endpoints.keys import INVALID_KEY
from agents_admin.simulator.payloads import TokenRequest
from agents_admin.simulator.simulator import CurrentSimulator
from agents_admin.simulator.tokens import Token

router = APIRouter()


@router.post("/auto/token")
async def create_token(request: TokenRequest, simulator: CurrentSimulator) -> dict[str, str]:
    """Make a token for a browser. The key is in the body, and needed nowhere else."""
    account = simulator.account_of(request.simli_api_key)
    if account is None:
        raise HTTPException(401, INVALID_KEY)
    return {"session_token": simulator.tokens.issue(Token(account, request))}
