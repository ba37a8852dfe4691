"""The faults of the mock, for real on a socket."""

import json
from collections.abc import Iterator
from contextlib import aclosing
from typing import get_args

import anyio
import httpx2
import msgspec
import openai
import pytest

from llm_server.backends.base import Backend
from llm_server.backends.mock import MockBackend, MockOptions
from llm_server.backends.mock.options import FaultName
from llm_server.backends.openai_compatible import OpenAICompatibleBackend
from llm_server.backends.openai_options import OpenAIOptions
from llm_server.errors import ApiError
from llm_server.events import Delta
from llm_server.protocol import parse_request
from llm_server.testing import MockLLM
from tests.llm_server.mock_calls import ask, heard, listen
from tests.llm_server.wire import HELLO, Json

SILENT = ["no-answer", "stall", "slow-first-token"]


@pytest.fixture
def client(mock_llm: MockLLM) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=mock_llm.base_url, api_key=mock_llm.api_key, max_retries=0, timeout=5
    ) as client:
        yield client


STATUSES: list[tuple[FaultName, int, type[openai.APIStatusError], str | None]] = [
    ("401", 401, openai.AuthenticationError, "invalid_api_key"),
    ("429", 429, openai.RateLimitError, "rate_limit_exceeded"),
    ("500", 500, openai.InternalServerError, None),
    ("503", 503, openai.InternalServerError, None),
    ("context-length", 400, openai.BadRequestError, "context_length_exceeded"),
    ("content-filter", 400, openai.BadRequestError, "content_filter"),
]


@pytest.mark.parametrize(("fault", "status", "expected", "code"), STATUSES)
def test_a_status_is_the_error_of_the_official_client(
    mock_llm: MockLLM,
    client: openai.OpenAI,
    fault: FaultName,
    status: int,
    expected: type[openai.APIStatusError],
    code: str | None,
) -> None:
    mock_llm.fault(fault)

    with pytest.raises(expected) as caught:
        ask(client)

    assert caught.value.status_code == status
    assert caught.value.code == code
    assert "retry-after" not in caught.value.response.headers


def test_a_rate_limit_can_say_how_long_to_wait(mock_llm: MockLLM, client: openai.OpenAI) -> None:
    mock_llm.fault("429-retry-after", retry_after_s=3)

    with pytest.raises(openai.RateLimitError) as caught:
        ask(client)

    assert caught.value.response.headers["retry-after"] == "3"


def test_the_official_client_gets_over_a_fault_that_passes(mock_llm: MockLLM) -> None:
    mock_llm.reply("At last.")
    mock_llm.fault("429-retry-after", retry_after_s=0, times=2)

    with openai.OpenAI(base_url=mock_llm.base_url, api_key="any") as client:
        assert ask(client) == "At last."

    assert len(mock_llm.requests) == 3


def test_who_refuses_a_prefill_answers_everything_else(
    mock_llm: MockLLM, client: openai.OpenAI
) -> None:
    mock_llm.reply("one two")
    mock_llm.fault("no-prefill")

    assert ask(client) == "one two"
    with pytest.raises(openai.BadRequestError, match="does not support assistant message prefill"):
        client.chat.completions.create(
            model="mock", messages=[*HELLO, {"role": "assistant", "content": "one"}]
        )


def test_a_fault_can_be_mended(mock_llm: MockLLM, client: openai.OpenAI) -> None:
    mock_llm.reply("Fine.")
    mock_llm.fault("500")
    mock_llm.fault(None)

    assert ask(client) == "Fine."


def post(mock_llm: MockLLM, *, stream: bool, timeout_s: float = 10) -> httpx2.Response:
    body = {"model": "mock", "messages": HELLO, "stream": stream}
    return httpx2.post(f"{mock_llm.base_url}/chat/completions", json=body, timeout=timeout_s)


@pytest.mark.parametrize("stream", [True, False])
def test_a_reset_breaks_the_connection(mock_llm: MockLLM, stream: bool) -> None:
    mock_llm.fault("reset")

    with pytest.raises(httpx2.ReadError) as caught:
        post(mock_llm, stream=stream)

    assert isinstance(caught.value.__context__.__context__, ConnectionResetError)  # type: ignore[union-attr]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", SILENT)
def test_silence_lasts_until_the_caller_has_enough(
    mock_llm: MockLLM, fault: FaultName, stream: bool
) -> None:
    mock_llm.fault(fault)

    with pytest.raises(httpx2.ReadTimeout):
        post(mock_llm, stream=stream, timeout_s=0.2)


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_can_be_cut_off(mock_llm: MockLLM, stream: bool) -> None:
    mock_llm.fault("cut")

    with pytest.raises(httpx2.RemoteProtocolError, match="incomplete chunked read"):
        post(mock_llm, stream=stream)


def test_what_comes_before_the_cut_is_heard(mock_llm: MockLLM, client: openai.OpenAI) -> None:
    mock_llm.reply("one two three four")
    mock_llm.fault("cut", after=2)

    pieces = listen(client)

    assert [next(pieces) for _ in range(3)] == ["", "one", " two"]
    with pytest.raises(openai.APIConnectionError):
        next(pieces)


def test_a_malformed_chunk_is_in_the_middle(mock_llm: MockLLM, client: openai.OpenAI) -> None:
    mock_llm.fault("malformed", after=1)

    with pytest.raises(json.JSONDecodeError):
        heard(client)
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(post(mock_llm, stream=False).content)


def test_a_stream_can_end_without_done(mock_llm: MockLLM) -> None:
    assert post(mock_llm, stream=True).text.endswith("data: [DONE]\n\n")
    mock_llm.fault("no-done")

    events = post(mock_llm, stream=True).text.split("\n\n")

    assert '"finish_reason":"stop"' in events[-2]


def test_an_answer_can_lack_its_finish_reason(mock_llm: MockLLM) -> None:
    mock_llm.fault("no-finish")

    assert '"stop"' not in post(mock_llm, stream=True).text
    assert post(mock_llm, stream=False).json()["choices"][0]["finish_reason"] is None


def test_an_answer_can_be_empty(mock_llm: MockLLM, client: openai.OpenAI) -> None:
    mock_llm.fault("empty")

    assert heard(client) == ""
    assert ask(client) is None


def test_a_chunk_can_be_oversized(mock_llm: MockLLM, client: openai.OpenAI) -> None:
    mock_llm.reply("one two")
    mock_llm.fault("oversized", after=1, size=100_000)

    assert [len(piece) for piece in listen(client)] == [0, 3, 100_000, 4, 0]
    assert len(post(mock_llm, stream=False).content) > 100_000


@pytest.mark.parametrize(
    "asked",
    [{"metadata": {"mock_fault": "503"}}, {"extra_headers": {"X-Mock-Fault": "503"}}],
)
def test_a_request_can_ask_for_its_fault(client: openai.OpenAI, asked: Json) -> None:
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="mock", messages=HELLO, **asked)


async def outcome(backend: Backend, patience_s: float) -> tuple[str, object]:
    """What a backend says, and the kind of its error, or whether it fell silent."""
    body = {"model": "mock", "messages": HELLO, "stream": True}
    request = parse_request(msgspec.json.encode(body))
    said = ""
    with anyio.move_on_after(patience_s):
        try:
            async with aclosing(backend.stream(request)) as events:
                async for event in events:
                    said += event.text if isinstance(event, Delta) else type(event).__name__
        except ApiError as exc:
            return said, (type(exc), exc.headers)
        return said, None
    return said, "silence"


@pytest.mark.parametrize("fault", get_args(FaultName))
async def test_in_process_a_fault_is_what_a_relay_makes_of_it_on_the_wire(
    mock_llm: MockLLM, fault: FaultName
) -> None:
    options = {"reply": "a b c d e f", "fault": {"name": fault, "seconds": 60}}
    mock_llm.script(**options)
    relay = OpenAICompatibleBackend(OpenAIOptions(base_url=mock_llm.base_url))

    patience_s = 0.1 if fault in SILENT else 20

    relayed = await outcome(relay, patience_s)

    in_process = MockBackend(MockOptions.model_validate(options))
    assert relayed == await outcome(in_process, patience_s)
    await relay.aclose()
