import asyncio
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from llm_server.errors import UpstreamFailed
from llm_server.events import (
    Answering,
    Aside,
    Delta,
    Event,
    Events,
    Finish,
    ToolRan,
    Usage,
    text_delta,
)
from llm_server.keys import SessionClaims
from llm_server.protocol import ChatRequest
from llm_server.tools.base import InvalidArguments, ToolFailed
from llm_server.tools.loop import with_tools
from tests.llm_server.fakes import Step, says
from tests.llm_server.tools.scripted import (
    QUESTION,
    FakeTool,
    ScriptedModel,
    call,
    calls,
    heard,
    piece,
    slow,
    text,
    toolbox,
)


def ran(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.name, event.outcome) for event in events if isinstance(event, ToolRan)]


async def test_the_model_speaks_with_what_the_tool_found(claims: SessionClaims) -> None:
    model = ScriptedModel(call("find", '{"id": 7}'), says("It is on its way."))
    tool = FakeTool("find")

    events = await heard(model, toolbox(tool), claims)

    assert tool.runs == [({"id": 7}, claims)]
    assert model.results == [{"role": "tool", "tool_call_id": "call-1", "content": "found"}]
    assert ran(events) == [("find", "ok")]
    assert events[1:] == [text_delta("It is on its way."), Finish()]


async def test_the_tools_are_offered_and_the_request_stays_as_it_was() -> None:
    model = ScriptedModel(call("find"), says("Found."))

    await heard(model, toolbox(FakeTool("find")), temperature=0)

    first, second = model.requests
    assert first.members["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "find",
                "description": "Does find.",
                "parameters": {"type": "object", "properties": {}},
            },
        }
    ]
    assert first.messages == QUESTION
    assert first.members["temperature"] == second.members["temperature"] == 0
    assert second.messages == second.members["messages"]


async def test_the_call_is_in_the_history_with_all_that_was_said_of_it() -> None:
    signed = {**piece(0, "call-1", name="find", arguments='{"id": 7}'), "extra_content": {"a": 1}}
    thought = Delta({"reasoning_content": "Hm."})
    model = ScriptedModel(
        [thought, text_delta("I'll see."), calls(signed), Finish("tool_calls")], says("Found.")
    )

    await heard(model, toolbox(FakeTool("find")))

    assert model.requests[1].messages[1] == {
        "role": "assistant",
        "content": "I'll see.",
        "reasoning_content": "Hm.",
        "tool_calls": [
            {
                "id": "call-1",
                "type": "function",
                "function": {"name": "find", "arguments": '{"id": 7}'},
                "extra_content": {"a": 1},
            }
        ],
    }


async def test_a_call_without_words_has_no_content_in_the_history() -> None:
    model = ScriptedModel(call("find"), says("Found."))

    await heard(model, toolbox(FakeTool("find")))

    assert model.requests[1].messages[1]["content"] is None


async def test_words_beside_a_call_in_one_delta_are_passed_on() -> None:
    both = Delta({"content": "I'll see.", "tool_calls": [piece(0, "a", name="find")]})
    model = ScriptedModel([both, Finish("tool_calls")], says("Found."))

    events = await heard(model, toolbox(FakeTool("find")))

    assert events[0] == text_delta("I'll see.")
    assert text(events) == "I'll see. Found."


async def test_text_is_passed_on_while_the_tool_waits_and_no_call_ever_is() -> None:
    tool = slow("find")
    model = ScriptedModel([text_delta("I'll see."), *call("find")], says("Found."))

    def end_tool(event: Event) -> None:
        assert not isinstance(event, Delta) or "tool_calls" not in event.members
        tool.may_end.set()

    assert text(await heard(model, toolbox(tool), on=end_tool)) == "I'll see. Found."


@pytest.mark.parametrize(
    ("first", "second", "heard_text"),
    [
        ("I'll see.", "Found.", "I'll see. Found."),
        ("I'll see. ", "Found.", "I'll see. Found."),
        ("I'll see.", "\n\nFound.", "I'll see.\n\nFound."),
    ],
)
async def test_words_of_two_rounds_do_not_merge(first: str, second: str, heard_text: str) -> None:
    model = ScriptedModel([text_delta(first), *call("find")], says(second, "!"))

    assert text(await heard(model, toolbox(FakeTool("find")))) == f"{heard_text}!"


async def test_there_is_one_finish_and_the_usage_is_the_sum() -> None:
    def usage(tokens: int) -> Usage:
        details = {"cached_tokens": tokens, "kind": "x"}
        return Usage(
            {
                "prompt_tokens": tokens,
                "total_tokens": 2 * tokens,
                "prompt_tokens_details": details,
                "completion_tokens_details": details if tokens == 5 else None,
            }
        )

    model = ScriptedModel([*call("find"), usage(5)], [*says("Found."), usage(7)])

    events = await heard(model, toolbox(FakeTool("find")))

    assert [event for event in events if isinstance(event, Finish)] == [Finish()]
    assert events[-1] == Usage(
        {
            "prompt_tokens": 12,
            "total_tokens": 24,
            "prompt_tokens_details": {"cached_tokens": 12, "kind": "x"},
            "completion_tokens_details": {"cached_tokens": 5, "kind": "x"},
        }
    )
    assert sum(isinstance(event, Usage) for event in events) == 1


async def test_who_answers_is_passed_on() -> None:
    async def ask(request: ChatRequest) -> Events:
        yield [Answering("spare"), text_delta("Hello.")]

    answer = with_tools(ask, toolbox(FakeTool("find")))
    events = [batch async for batch in answer(ChatRequest("anna", QUESTION))]

    assert events == [[Answering("spare"), text_delta("Hello.")]]


async def test_calls_of_one_round_run_at_once_and_are_told_in_their_order() -> None:
    first, second = slow("first", "one"), slow("second", "two")
    model = ScriptedModel(
        [
            calls(piece(0, "a", name="first"), piece(1, "b", name="second")),
            Finish("tool_calls"),
        ],
        says("Done."),
    )

    async def end_tools() -> None:
        await first.started.wait()
        await second.started.wait()
        second.may_end.set()
        first.may_end.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(end_tools)
        await heard(model, toolbox(first, second))

    assert [(result["tool_call_id"], result["content"]) for result in model.results] == [
        ("a", "one"),
        ("b", "two"),
    ]


async def test_calls_can_be_run_one_after_the_other() -> None:
    first, second = slow("first"), FakeTool("second")
    model = ScriptedModel(
        [
            calls(piece(0, "a", name="first"), piece(1, "b", name="second")),
            Finish("tool_calls"),
        ],
        says("Done."),
    )
    began_early = []

    async def end_first() -> None:
        await first.started.wait()
        await anyio.wait_all_tasks_blocked()
        began_early.append(second.started.is_set())
        first.may_end.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(end_first)
        await heard(model, toolbox(first, second, settings={"parallel": False}))

    assert began_early == [False]
    assert second.started.is_set()


async def test_the_model_can_call_round_after_round() -> None:
    model = ScriptedModel(call("find"), call("find"), says("Found."))

    events = await heard(model, toolbox(FakeTool("find")))

    assert ran(events) == [("find", "ok")] * 2
    assert [message["role"] for message in model.requests[-1].messages] == [
        "user",
        *("assistant", "tool") * 2,
    ]


async def test_after_the_last_round_the_model_has_to_speak() -> None:
    model = ScriptedModel(call("find"), call("find"), says("I give up."))
    tool = FakeTool("find")

    events = await heard(model, toolbox(tool, settings={"rounds": 2}))

    assert text(events) == "I give up."
    assert [request.members.get("tool_choice") for request in model.requests] == [
        None,
        None,
        "none",
    ]
    assert all("tools" in request.members for request in model.requests)


async def test_a_model_that_never_stops_calling_is_ended() -> None:
    model = ScriptedModel(call("find"))
    tool = FakeTool("find")

    events = await heard(model, toolbox(tool, settings={"rounds": 2}))

    assert len(tool.runs) == 2
    assert [event for event in events if not isinstance(event, ToolRan)] == [Finish("stop")]


@pytest.mark.parametrize(
    ("tool", "name", "arguments", "told", "outcome"),
    [
        (FakeTool("find"), "lose", "{}", "There is no tool 'lose'.", "unknown"),
        (FakeTool("find"), "find", '{"id"', "The arguments are not a JSON object.", "invalid"),
        (FakeTool("find"), "find", "[7]", "The arguments are not a JSON object.", "invalid"),
        (FakeTool("find", InvalidArguments("id: no")), "find", "{}", "id: no", "invalid"),
        (FakeTool("find", ToolFailed("Closed.")), "find", "{}", "Closed.", "failed"),
        (FakeTool("find", ValueError("a secret")), "find", "{}", "The tool failed.", "failed"),
        (FakeTool("find", TimeoutError()), "find", "{}", "The tool failed.", "failed"),
    ],
)
async def test_the_model_is_told_what_went_wrong(
    tool: FakeTool,
    name: str,
    arguments: str,
    told: str,
    outcome: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = ScriptedModel(call(name, arguments), says("Sorry."))

    events = await heard(model, toolbox(tool))

    assert [result["content"] for result in model.results] == [told]
    assert ran(events) == [(name, outcome)]
    assert text(events) == "Sorry."
    assert "a secret" not in caplog.text


async def test_an_error_of_a_tool_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    model = ScriptedModel(call("find"), says("Sorry."))

    await heard(model, toolbox(FakeTool("find", ValueError("a secret"))))

    assert "the tool find raised ValueError at" in caplog.text
    assert "scripted.py" in caplog.text


async def test_a_tool_that_takes_too_long_is_cancelled() -> None:
    model = ScriptedModel(call("find"), says("Sorry."))
    tool = slow("find")

    events = await heard(model, toolbox(tool, timeout_s=0.01))

    assert tool.cancelled.is_set()
    assert ran(events) == [("find", "timed_out")]
    assert model.results[0]["content"] == "The tool took too long."


async def test_a_tool_that_cancels_itself_has_failed() -> None:
    tool = FakeTool("find", asyncio.CancelledError())

    events = await heard(ScriptedModel(call("find"), says("Sorry.")), toolbox(tool))

    assert ran(events) == [("find", "failed")]
    assert text(events) == "Sorry."


async def test_arguments_that_are_no_json_do_not_go_back_to_the_upstream() -> None:
    model = ScriptedModel(call("find", '{"id"'), says("Sorry."))

    await heard(model, toolbox(FakeTool("find")))

    [made] = model.requests[1].messages[1]["tool_calls"]
    assert made["function"]["arguments"] == "{}"


async def test_an_upstream_that_breaks_off_in_a_call_runs_nothing() -> None:
    tool = FakeTool("find")
    [cut, _] = call("find")

    events = await heard(ScriptedModel([cut]), toolbox(tool))

    assert events == []
    assert tool.runs == []


async def test_an_error_of_the_upstream_is_raised_in_any_round() -> None:
    model = ScriptedModel(call("find"), [UpstreamFailed("Gone.")])

    with pytest.raises(UpstreamFailed):
        await heard(model, toolbox(FakeTool("find")))

    assert len(model.requests) == 2
    assert all(backend.closed.is_set() for backend in model.rounds)


async def test_a_finish_that_says_stop_does_not_hide_calls() -> None:
    model = ScriptedModel([*call("find")[:-1], Finish("stop")], says("Found."))

    assert text(await heard(model, toolbox(FakeTool("find")))) == "Found."


@pytest.mark.parametrize("members", [{"tools": [{}]}, {"functions": [{}]}, {"n": 2}])
async def test_a_caller_with_tools_of_its_own_gets_what_the_model_said(
    members: dict[str, Any],
) -> None:
    model = ScriptedModel(call("find"))

    events = await heard(model, toolbox(FakeTool("find")), **members)

    assert events == call("find")
    assert model.requests[0].members == members


async def test_an_avatar_that_offers_tools_gets_ours(claims: SessionClaims) -> None:
    model = ScriptedModel(call("find"), says("Found."))

    events = await heard(
        model, toolbox(FakeTool("find")), claims, tools=[{}], tool_choice="required"
    )

    assert text(events) == "Found."
    assert [t["function"]["name"] for t in model.requests[0].members["tools"]] == ["find"]
    assert "tool_choice" not in model.requests[0].members


async def test_without_any_tool_none_are_offered() -> None:
    model = ScriptedModel(says("Hello."))

    assert await heard(model, toolbox()) == says("Hello.")
    assert "tools" not in model.requests[0].members


async def test_a_line_is_said_when_a_tool_takes_its_time(claims: SessionClaims) -> None:
    tool = slow("find")
    model = ScriptedModel([text_delta("Hm."), *call("find")], says("Found."))
    says_it = {"de": "Ich sehe nach.", "en": "I'll see."}

    def end_tool(event: Event) -> None:
        if isinstance(event, Aside):
            tool.may_end.set()

    events = await heard(model, toolbox(tool, says=says_it, says_after_s=0.01), claims, on=end_tool)

    [line] = [event for event in events if isinstance(event, Aside)]
    assert (line.text, line.kind) == (" Ich sehe nach.. ", "working")
    assert text(events) == "Hm. Ich sehe nach.. Found."
    assert model.requests[1].messages[1]["content"] == "Hm."


async def test_a_line_is_said_once_a_round_and_not_twice_in_a_row(claims: SessionClaims) -> None:
    tools = slow("one"), slow("two")
    both: list[Step] = [
        calls(piece(0, "a", name="one"), piece(1, "b", name="two")),
        Finish("tool_calls"),
    ]
    model = ScriptedModel(both, both, says("Found."))

    events = await heard(
        model,
        toolbox(*tools, says={"de": "Moment."}, says_after_s=0, timeout_s=0.05),
        claims,
    )

    assert text(events) == "Moment.. Found."
    assert len(ran(events)) == 4


async def test_nothing_is_said_before_it_is_time(claims: SessionClaims) -> None:
    model = ScriptedModel(call("find"), says("Found."))

    assert text(await heard(model, toolbox(FakeTool("find")), claims)) == "Found."


async def test_a_plain_caller_gets_no_lines() -> None:
    model = ScriptedModel(call("find"), says("Sorry."))

    events = await heard(model, toolbox(slow("find"), says_after_s=0, timeout_s=0.02))

    assert text(events) == "Sorry."


async def test_a_kept_result_does_not_run_the_tool_again(claims: SessionClaims) -> None:
    tool = FakeTool("find")
    model = ScriptedModel(
        call("find", '{"a": 1, "b": 2}'), call("find", '{"b": 2, "a": 1}'), says("Found.")
    )

    events = await heard(model, toolbox(tool, cached=True), claims)

    assert len(tool.runs) == 1
    assert ran(events) == [("find", "ok")] * 2
    assert [result["content"] for result in model.results] == ["found", "found"]


async def test_without_a_session_no_result_is_kept() -> None:
    tool = FakeTool("find")

    await heard(
        ScriptedModel(call("find"), call("find"), says("Found.")), toolbox(tool, cached=True)
    )

    assert len(tool.runs) == 2


async def test_a_failure_is_not_kept(claims: SessionClaims) -> None:
    tool = FakeTool("find", ToolFailed())

    await heard(
        ScriptedModel(call("find"), call("find"), says("Sorry.")),
        toolbox(tool, cached=True),
        claims,
    )

    assert len(tool.runs) == 2


async def test_a_hang_up_cancels_the_tools(claims: SessionClaims) -> None:
    tool = slow("find")
    model = ScriptedModel(call("find"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(heard, model, toolbox(tool), claims)
        await tool.started.wait()
        tasks.cancel_scope.cancel()

    with anyio.fail_after(5):
        await tool.cancelled.wait()


async def test_closing_the_answer_cancels_the_tools(claims: SessionClaims) -> None:
    tool = slow("find")
    request = ChatRequest("anna", QUESTION, session=claims)
    answer = with_tools(
        ScriptedModel(call("find")).ask, toolbox(tool, says_after_s=0.01), ["Moment.. "]
    )

    async with aclosing(answer(request)) as events:
        [line] = await anext(events)

    assert isinstance(line, Aside)
    with anyio.fail_after(5):
        await tool.cancelled.wait()


async def test_a_hang_up_closes_the_upstream() -> None:
    model = ScriptedModel([text_delta("I"), anyio.Event()])
    request = ChatRequest("anna", QUESTION)

    async with aclosing(with_tools(model.ask, toolbox(FakeTool("find")))(request)) as events:
        await anext(events)

    assert model.rounds[0].closed.is_set()
