"""What the client sends is what Simli's OpenAPI document asks for."""

import inspect
import json
import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from agents_admin.simli import SimliClient
from tests.agents_admin.simli.contract import CONTRACT, Kind, Operation
from tests.agents_admin.simli.every_call import EVERY_CALL, Case
from tests.agents_admin.simli.scripted import SIMLI_KEY, ScriptedSimli


def fits(value: Any, kind: Kind) -> bool:
    match kind:
        case frozenset():
            return value in kind
        case Mapping():
            return {*value} <= {*kind} and all(fits(value[name], kind[name]) for name in value)
    return type(value) is kind


def complaints(request: httpx.Request, operation: Operation) -> list[str]:
    """What is wrong with a request; nothing, if it keeps the contract."""
    path = re.sub(r"\{\w+\}", "[^/]+", operation.path)
    checks = {
        "method": request.method == operation.method,
        "path": re.fullmatch(path, request.url.path) is not None,
        "key": (request.headers.get("x-simli-api-key") == SIMLI_KEY) is operation.key,
        "headers": operation.headers <= {*request.headers},
        "query": all(
            name in operation.query and _text_fits(value, operation.query[name])
            for name, value in request.url.params.multi_items()
        ),
        "body": _body_fits(request, operation),
    }
    return [name for name, passed in checks.items() if not passed]


def _text_fits(value: str, kind: Kind) -> bool:
    return fits(int(value) if kind is int else value, kind)


def _body_fits(request: httpx.Request, operation: Operation) -> bool:
    if operation.upload:
        return (
            request.headers["content-type"].startswith("multipart/form-data; boundary=")
            and b'name="image"; filename="image.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n'
            in request.content
        )
    if operation.body is None:
        return request.content == b""
    body = json.loads(request.content)
    return operation.required <= body.keys() and fits(body, operation.body)


@pytest.mark.parametrize("case", EVERY_CALL, ids=lambda case: case.operation)
async def test_every_request_keeps_the_contract(
    client: SimliClient, fake: ScriptedSimli, case: Case
) -> None:
    fake.will(httpx.Response(200, json=case.answer))

    await case.call(client)

    [request] = fake.requests
    assert complaints(request, CONTRACT[case.operation]) == []


def test_every_call_is_tried_and_in_the_contract() -> None:
    public = {
        name
        for name, _ in inspect.getmembers(SimliClient, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }

    assert {case.operation for case in EVERY_CALL} == {*CONTRACT}
    assert {name.split()[0] for name in CONTRACT} == public


@pytest.mark.parametrize("operation", ["transcript", "list_history"])
async def test_parameters_are_sent_in_every_spelling(
    client: SimliClient, fake: ScriptedSimli, operation: str
) -> None:
    case = next(case for case in EVERY_CALL if case.operation == operation)
    fake.will(httpx.Response(200, json=case.answer))

    await case.call(client)

    assert {*fake.requests[0].url.params} == {*CONTRACT[operation].query}
