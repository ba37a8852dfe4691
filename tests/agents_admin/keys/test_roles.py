from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from agents_admin.models import AdminRole
from tests.agents_admin.databases import one_database_is_enough
from tests.agents_admin.keys.conftest import AdminKeyMaker, bearer

pytestmark = one_database_is_enough

NOBODY = "00000000-0000-0000-0000-000000000000"

READS = ["/v1/agents", "/v1/sessions"]
CHANGES = [
    ("POST", "/v1/agents"),
    ("PATCH", f"/v1/agents/{NOBODY}"),
    ("DELETE", f"/v1/agents/{NOBODY}"),
    ("POST", f"/v1/agents/{NOBODY}/sessions"),
    ("POST", f"/v1/sessions/{NOBODY}/transcript/pull"),
]
FOR_ADMINS = [
    ("GET", "/v1/audit"),
    ("GET", "/v1/keys/admin"),
    ("POST", "/v1/keys/admin"),
    ("POST", f"/v1/keys/admin/{NOBODY}/revoke"),
    ("GET", "/v1/keys/service"),
    ("POST", "/v1/keys/service"),
    ("POST", f"/v1/keys/service/{NOBODY}/revoke"),
]
BODY = {"name": "Ada", "model": "mock"}


@pytest.mark.parametrize("role", [*AdminRole])
@pytest.mark.parametrize("path", READS)
async def test_every_role_reads(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker, role: str, path: str
) -> None:
    response = await client.get(path, headers=bearer(await make_admin_key(role)))

    assert response.status_code == 200


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_a_viewer_changes_nothing(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker, method: str, path: str
) -> None:
    headers = bearer(await make_admin_key("viewer"))

    response = await client.request(method, path, headers=headers, json=BODY)

    assert_forbidden(response, needed="operator", given="viewer")


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_an_operator_changes_things(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker, method: str, path: str
) -> None:
    headers = bearer(await make_admin_key("operator"))

    response = await client.request(method, path, headers=headers, json=BODY)

    assert response.status_code in (201, 404)


@pytest.mark.parametrize(("method", "path"), FOR_ADMINS)
async def test_an_operator_has_no_say_in_keys(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker, method: str, path: str
) -> None:
    headers = bearer(await make_admin_key("operator"))

    response = await client.request(method, path, headers=headers, json=BODY)

    assert_forbidden(response, needed="admin", given="operator")


async def test_an_admin_makes_keys(
    client: httpx.AsyncClient, make_admin_key: AdminKeyMaker
) -> None:
    headers = bearer(await make_admin_key("admin"))

    response = await client.post(
        "/v1/keys/admin", headers=headers, json={"name": "Ada", "role": "admin"}
    )

    assert response.status_code == 201


async def test_the_documentation_shows_the_roles(app: FastAPI) -> None:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            if path != "/v1/health":
                [roles] = operation["security"]
                assert roles["HTTPBearer"][-1] == role_of(method, path), (method, path)


def role_of(method: str, path: str) -> str:
    if path.startswith(("/v1/keys", "/v1/audit")):
        return "admin"
    return "viewer" if method == "get" else "operator"


def assert_forbidden(response: httpx.Response, *, needed: str, given: str) -> None:
    assert response.status_code == 403
    problem: dict[str, Any] = response.json()
    assert problem["detail"] == f"This needs the role {needed!r}, and the key has {given!r}."
    assert problem["needed_role"] == needed
