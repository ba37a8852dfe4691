import httpx2
import pytest

from llm_server.events import Delta, Finish
from tests.llm_server.fakes import ListSink, ScriptedBackend
from tests.llm_server.wire import CHAT, ask


@pytest.mark.parametrize("path", ["/v1/models", "/healthz", "/readyz", "/nothing", CHAT])
async def test_every_response_has_an_id(http: httpx2.AsyncClient, path: str) -> None:
    first, second = await http.get(path), await http.get(path)

    assert first.headers["x-request-id"].startswith("req_")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_an_answer_has_the_id_of_its_completion_alone(http: httpx2.AsyncClient) -> None:
    response = await http.post(CHAT, json=ask())

    assert response.headers.get_list("x-request-id") == [response.json()["id"]]


async def test_a_refused_request_has_an_id(http: httpx2.AsyncClient) -> None:
    response = await http.post(CHAT, json={})

    assert response.status_code == 400
    assert response.headers["x-request-id"]


async def test_a_failure_that_nobody_foresaw_has_an_id(
    http: httpx2.AsyncClient, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [Delta({"content": "Hi.", "thing": object()}), Finish()]

    response = await http.post(CHAT, json=ask())

    assert response.status_code == 500
    assert response.headers["x-request-id"]
