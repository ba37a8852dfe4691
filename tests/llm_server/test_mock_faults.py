"""The mock's faults in process: what a relay to a broken upstream would pass on."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import anyio
import openai
import pytest
from fastapi import FastAPI

from llm_server import Settings, create_app
from llm_server.backends.mock import MockBackend, MockOptions
from llm_server.backends.mock.faults import Faults
from llm_server.backends.mock.options import Fault
from llm_server.backends.mock.plan import Planner
from llm_server.errors import (
    ApiError,
    ContentFiltered,
    ContextTooLong,
    InvalidRequest,
    RateLimited,
    UpstreamFailed,
    UpstreamRefused,
)
from llm_server.events import BackendEvent, Delta, Finish, text_delta
from llm_server.model_settings import ModelSettings
from llm_server.protocol import ChatRequest
from tests.llm_server.fakes import ListSink
from tests.llm_server.wire import Json, chunks, completion, text

MESSAGES: list[Json] = [{"role": "user", "content": "Hi!"}]
BEGUN: Json = {"role": "assistant", "content": "one two"}


def play(
    fault: object = None,
    *,
    model: str = "mock",
    messages: list[Json] | None = None,
    metadata: Json | None = None,
    headers: dict[str, str] | None = None,
) -> AsyncGenerator[BackendEvent]:
    options = MockOptions.model_validate({"reply": "one two three four five", "fault": fault})
    members = {"metadata": metadata} if metadata else {}
    request = ChatRequest(model, messages or MESSAGES, members=members, headers=headers or {})
    return MockBackend(options).stream(request)


async def broken(events: AsyncGenerator[BackendEvent]) -> tuple[str, ApiError]:
    """What was said until it broke, and how it broke."""
    said = ""
    try:
        async for event in events:
            assert isinstance(event, Delta)
            said += event.text
    except ApiError as exc:
        return said, exc
    pytest.fail("nothing broke")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (401, UpstreamRefused),
        (429, RateLimited),
        ("429-retry-after", RateLimited),
        (500, UpstreamFailed),
        ("503", UpstreamFailed),
        ("context-length", ContextTooLong),
        ("content-filter", ContentFiltered),
        ("reset", UpstreamFailed),
    ],
)
async def test_some_break_before_they_begin(fault: object, expected: type[ApiError]) -> None:
    said, error = await broken(play(fault))

    assert said == ""
    assert type(error) is expected


async def test_a_rate_limit_says_how_long_to_wait_only_if_told_to() -> None:
    _, silent = await broken(play("429"))
    _, error = await broken(play({"name": "429-retry-after", "retry_after_s": 2.5}))

    assert silent.headers == {}
    assert error.headers == {"retry-after": "2.5"}


@pytest.mark.parametrize("fault", ["cut", "malformed", "oversized"])
async def test_some_break_in_the_middle(fault: str) -> None:
    said, error = await broken(play({"name": fault, "after": 2}))

    assert said == "one two"
    assert type(error) is UpstreamFailed


async def test_an_answer_that_is_shorter_breaks_before_its_end() -> None:
    said, _ = await broken(play({"name": "cut", "after": 99}))

    assert said == "one two three four five"


@pytest.mark.parametrize(("fault", "count"), [("no-answer", 0), ("stall", 3)])
async def test_some_fall_silent_until_the_caller_hangs_up(fault: str, count: int) -> None:
    heard: list[BackendEvent] = []

    async with aclosing(play(fault)) as events:
        with anyio.move_on_after(0.05) as silence:
            async for event in events:
                heard.append(event)

    assert silence.cancelled_caught
    assert len(heard) == count


def test_the_first_token_can_be_slow() -> None:
    fault = {"name": "slow-first-token", "seconds": 4}
    options = MockOptions.model_validate({"fault": fault, "token_s": 1})

    steps = Planner(options).plan(ChatRequest("mock", MESSAGES)).steps

    assert [step.wait_s for step in steps[:3]] == [4, 1, 1]


async def test_an_answer_without_a_finish_reason_has_no_finish() -> None:
    events = [event async for event in play("no-finish")]

    assert not any(isinstance(event, Finish) for event in events)
    assert len(events) == 5


async def test_an_empty_answer_has_a_finish_and_no_text() -> None:
    first, *_ = [event async for event in play("empty")]

    assert first == Finish()


async def test_who_relays_does_not_miss_the_done() -> None:
    first, *_ = [event async for event in play("no-done")]

    assert first == text_delta("one")


@pytest.mark.parametrize("limit", [{"once": True}, {"times": 1}])
async def test_a_fault_can_pass(limit: Json) -> None:
    options = MockOptions.model_validate({"reply": "one", "fault": {"name": "500", **limit}})
    backend, request = MockBackend(options), ChatRequest("mock", MESSAGES)

    await broken(backend.stream(request))

    first, *_ = [event async for event in backend.stream(request)]
    assert first == text_delta("one")


def test_a_fault_can_last_for_a_while_from_the_first_request_on() -> None:
    now = 100.0
    faults = Faults(Fault(name="503", for_s=60), clock=lambda: now)
    request = ChatRequest("mock", MESSAGES)

    assert faults.next(request)
    now = 159.0
    assert faults.next(request)
    now = 160.0
    assert faults.next(request) is None


def test_a_fault_passes_with_its_time_or_its_times_whichever_is_over_first() -> None:
    faults = Faults(Fault(name="503", for_s=60, times=2))
    request = ChatRequest("mock", MESSAGES)

    assert [bool(faults.next(request)) for _ in range(3)] == [True, True, False]


async def test_a_prefill_can_be_refused_and_everything_else_answered() -> None:
    _, error = await broken(play("no-prefill", messages=[*MESSAGES, BEGUN]))
    said = [event async for event in play("no-prefill")]

    assert type(error) is InvalidRequest
    assert said[0] == text_delta("one")


async def test_what_a_fault_does_not_concern_is_none_of_its_times() -> None:
    fault = {"name": "no-prefill", "once": True}
    options = MockOptions.model_validate({"reply": "one two three", "fault": fault})
    backend = MockBackend(options)

    async for _ in backend.stream(ChatRequest("mock", MESSAGES)):
        pass

    _, error = await broken(backend.stream(ChatRequest("mock", [*MESSAGES, BEGUN])))
    assert type(error) is InvalidRequest


@pytest.mark.parametrize(
    ("model", "expected"),
    [("mock-cut", UpstreamFailed), ("mock-context-length", ContextTooLong)],
)
async def test_the_name_of_the_model_can_be_a_fault(model: str, expected: type[ApiError]) -> None:
    _, error = await broken(play(model=model))

    assert type(error) is expected


async def test_a_request_can_ask_for_a_fault() -> None:
    said, error = await broken(play(metadata={"mock_fault": "cut", "mock_fault_after": "1"}))

    assert said == "one"
    assert type(error) is UpstreamFailed


async def test_a_header_can_ask_for_a_fault() -> None:
    said, error = await broken(play(headers={"x-mock-fault": "cut", "x-mock-fault-after": "1"}))

    assert said == "one"
    assert type(error) is UpstreamFailed


async def test_a_detail_in_a_header_is_written_with_hyphens() -> None:
    asked = {"x-mock-fault": "429-retry-after", "x-mock-fault-retry-after-s": "2.5"}

    _, error = await broken(play(headers=asked))

    assert error.headers == {"retry-after": "2.5"}


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"metadata": {"mock_fault": "explode"}}, "metadata.mock_fault"),
        ({"headers": {"x-mock-fault": "explode"}}, "x-mock-fault"),
    ],
)
async def test_a_fault_that_there_is_not_is_refused(asked: Json, param: str) -> None:
    _, error = await broken(play(**asked))

    assert type(error) is InvalidRequest
    assert error.param == param
    assert "slow-first-token" in error.message


@pytest.fixture
def app(settings: Settings, sink: ListSink) -> FastAPI:
    options: dict[str, dict[str, Any]] = {
        "busy": {"fault": {"name": "429-retry-after", "retry_after_s": 7}},
        "fine": {"reply": "Fine."},
    }
    models = {name: ModelSettings(backend="mock", options=given) for name, given in options.items()}
    return create_app(settings.model_copy(update={"models": models}), sink)


async def test_a_client_of_the_server_sees_the_fault(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        await completion(client, model="busy")

    assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    "asked",
    [{"metadata": {"mock_fault": "503"}}, {"extra_headers": {"X-Mock-Fault": "503"}}],
)
async def test_a_client_of_the_server_can_ask_for_a_fault(
    client: openai.AsyncOpenAI, asked: Json
) -> None:
    with pytest.raises(openai.InternalServerError):
        await chunks(client, model="fine", **asked)

    assert text(await chunks(client, model="fine")) == "Fine."
