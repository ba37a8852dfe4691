"""`simli-llm keys` as it is run, on the database of a server."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents_admin.settings import Settings
from llm_server import ServiceKeys
from tests.agents_admin.databases import one_database_is_enough
from tests.agents_admin.keys.conftest import bearer
from tests.end_to_end.processes import Finished, finish

Run = Callable[..., Awaitable[Finished]]


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Run:
    assert settings.session_secret
    env = {
        "SIMLI_LLM_DATABASE_URL": settings.database_url,
        "SIMLI_LLM_SESSION_SECRET": settings.session_secret.get_secret_value(),
        "SIMLI_LLM_ADMIN__KEYS": "another-admin-key",
        "COLUMNS": "80",
    }

    async def run(*arguments: str) -> Finished:
        return await finish("keys", *arguments, cwd=tmp_path, env=env)

    return run


def parsed(finished: Finished) -> Any:
    assert finished.code == 0, finished.output
    return json.loads(finished.output)


async def test_an_admin_key_is_made_listed_and_revoked(client: httpx.AsyncClient, run: Run) -> None:
    made = parsed(await run("create", "admin", "Console", "--role", "operator", "--json"))
    opened = await client.get("/v1/agents", headers=bearer(made))
    listed = parsed(await run("list", "--json"))
    revoked = parsed(await run("revoke", made["id"], "--json"))
    closed = await client.get("/v1/agents", headers=bearer(made))
    [last, first] = (await client.get("/v1/audit")).json()["items"]

    assert (opened.status_code, closed.status_code) == (200, 401)
    assert [(key["name"], key["role"]) for key in listed["admin"]] == [("Console", "operator")]
    assert revoked["revoked_at"]
    assert (first["action"], last["action"]) == ("create", "revoke")
    assert {first["actor_id"], last["actor_id"]} == {"cli"}


@one_database_is_enough
async def test_a_service_key_is_made_listed_and_revoked(
    client: httpx.AsyncClient, run: Run, settings: Settings
) -> None:
    assert settings.session_secret
    keys = ServiceKeys(settings.session_secret.get_secret_value())

    made = parsed(
        await run("create", "service", "Kiosk", "--scope", "chat", "--scope", "models", "--json")
    )
    revoked = await run("revoke", made["id"])
    listed = parsed(await run("list", "--json"))

    assert keys.verify(made["key"]).scopes == {"chat", "models"}
    assert revoked.output == "Revoked Kiosk.\n"
    assert [key["id"] for key in listed["service"] if key["revoked_at"]] == [made["id"]]
    assert made["key"] not in str(listed)


@one_database_is_enough
async def test_people_get_tables_without_keys(run: Run) -> None:
    made = await run("create", "admin", "The [red] console", "--expires-in-s", "3600")
    key = made.output.splitlines()[-1]

    listed = await run("list")

    assert key.startswith("sk-admin-")
    ids = [key["id"] for key in parsed(await run("list", "--json"))["admin"]]
    assert "The [red] console" in listed.output
    assert "until 20" in listed.output
    assert ids[0] in listed.output
    assert key not in listed.output


@one_database_is_enough
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["create", "admin", ""], "name: "),
        (["create", "admin", "Ada", "--expires-in-s", "1"], "expires_in_s: "),
        (["create", "admin", "Ada", "--role", "owner"], "--role"),
        (["create", "service", "Ada", "--scope", "root"], "scopes: "),
        (["revoke", "00000000-0000-0000-0000-000000000000"], "There is no key 00000000"),
    ],
)
async def test_what_cannot_be_done_is_said(run: Run, arguments: list[str], complaint: str) -> None:
    refused = await run(*arguments)

    assert refused.code == 2
    assert complaint in refused.output
    assert "Traceback" not in refused.output
