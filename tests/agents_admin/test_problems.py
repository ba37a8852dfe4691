from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from agents_admin import migrate
from agents_admin.settings import Settings
from tests.agents_admin.databases import one_database_is_enough

pytestmark = one_database_is_enough

JSON = {"content-type": "application/json"}


def assert_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["type"]
    assert body["title"]
    return body


async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/v2/agents"), 404)


async def test_an_unknown_method_is_a_problem_that_tells_the_known(
    client: httpx.AsyncClient,
) -> None:
    response = await client.put("/v1/agents")

    assert_problem(response, 405)
    assert response.headers["allow"]


async def test_malformed_json_is_a_problem(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/agents", content=b'{"name": ', headers=JSON)

    assert assert_problem(response, 400)["detail"] == "The body is not valid JSON."


@pytest.mark.parametrize("content", [b"[]", b"null", b"", b'"Ada"'])
async def test_a_body_that_is_no_object_is_a_problem(
    client: httpx.AsyncClient, content: bytes
) -> None:
    response = await client.post("/v1/agents", content=content, headers=JSON)

    assert assert_problem(response, 422)["errors"][0]["pointer"] == ""


async def test_an_id_that_is_none_is_a_problem(client: httpx.AsyncClient) -> None:
    problem = assert_problem(await client.get("/v1/agents/ada"), 422)

    assert [error["parameter"] for error in problem["errors"]] == ["agent_id"]


async def test_wrong_values_are_not_quoted(client: httpx.AsyncClient) -> None:
    body = {"name": {"x": "sk-secret"}, "voice_provider": "sk-secret", "language": "sk-secret!"}

    response = await client.post("/v1/agents", json=body)

    assert_problem(response, 422)
    assert "sk-secret" not in response.text


async def test_a_body_that_is_too_large_is_a_problem(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    response = await client.post("/v1/agents", content=b" " * (settings.limits.body_bytes + 1))

    assert_problem(response, 413)


async def test_what_nobody_foresaw_is_a_problem_that_tells_nothing(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    await migrate.downgrade(settings.database_url, "base")

    response = await client.get("/v1/agents")

    problem = assert_problem(response, 500)
    assert problem["detail"] == "The server had an error. Its log knows more."


async def test_operations_are_named_like_their_functions(app: FastAPI) -> None:
    paths = app.openapi()["paths"]

    operations = {
        operation["operationId"] for methods in paths.values() for operation in methods.values()
    }

    assert {"create_agent", "start_session", "list_turns", "pull_transcript"} <= operations


async def test_problems_are_documented(app: FastAPI) -> None:
    start = app.openapi()["paths"]["/v1/agents/{agent_id}/sessions"]["post"]

    assert start["responses"].keys() == {
        "201",
        "401",
        "403",
        "404",
        "409",
        "422",
        "429",
        "502",
        "503",
    }
    assert "application/problem+json" in start["responses"]["502"]["content"]
