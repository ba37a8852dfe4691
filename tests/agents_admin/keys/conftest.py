from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

AdminKeyMaker = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def make_admin_key(client: httpx.AsyncClient) -> AdminKeyMaker:
    async def make(role: str = "viewer", **fields: Any) -> dict[str, Any]:
        response = await client.post(
            "/v1/keys/admin", json={"name": f"A {role}", "role": role, **fields}
        )
        assert response.status_code == 201
        created: dict[str, Any] = response.json()
        return created

    return make


def bearer(created: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {created['key']}"}
