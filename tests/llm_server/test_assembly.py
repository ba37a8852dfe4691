import openai

from llm_server.events import Delta, Finish, Usage, text_delta
from tests.llm_server.fakes import ListSink, ScriptedBackend, Step, says
from tests.llm_server.wire import Json, completion


def call_delta(index: int, **function: str) -> Delta:
    return Delta({"tool_calls": [{"index": index, "function": function}]})


def call_start(index: int, call_id: str, name: str) -> Delta:
    function = {"name": name, "arguments": ""}
    call = {"index": index, "id": call_id, "type": "function", "function": function}
    return Delta({"content": None, "tool_calls": [call]})


TWO_CALLS: list[Step] = [
    call_start(0, "call-a", "wave"),
    call_start(1, "call-b", "nod"),
    call_delta(0, arguments='{"hand":'),
    call_delta(1, arguments="{}"),
    call_delta(0, arguments='"left"}'),
    Finish("tool_calls"),
]


async def test_text_is_joined(client: openai.AsyncOpenAI, backend: ScriptedBackend) -> None:
    backend.script = [*says("One", " two", " three.")[:-1], Finish("length")]

    answer = await completion(client)

    assert answer.object == "chat.completion"
    assert answer.choices[0].message.content == "One two three."
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "length"


async def test_usage_is_always_there_if_it_is_known(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    backend.script = [*says("Hello."), Usage(usage)]

    answer = await completion(client)

    assert answer.usage is not None
    assert answer.usage.model_dump(exclude_none=True) == usage


async def test_tool_calls_are_whole_and_without_index(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = TWO_CALLS

    message = (await completion(client)).choices[0].message

    assert message.content is None
    assert [call.to_dict() for call in message.tool_calls or ()] == [
        _call("call-a", "wave", '{"hand":"left"}'),
        _call("call-b", "nod", "{}"),
    ]


def _call(call_id: str, name: str, arguments: str) -> Json:
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


async def test_putting_an_answer_together_leaves_the_events_as_they_were(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = TWO_CALLS

    first, second = await completion(client), await completion(client)

    assert first.choices == second.choices


async def test_an_id_that_is_repeated_in_every_piece_stays_one(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    piece = {"index": 0, "id": "call-a", "type": "function", "function": {"arguments": "["}}
    backend.script = [Delta({"tool_calls": [piece]}), Delta({"tool_calls": [piece]}), Finish()]

    message = (await completion(client)).choices[0].message

    whole = {"id": "call-a", "type": "function", "function": {"arguments": "[["}}
    assert [call.to_dict() for call in message.tool_calls or ()] == [whole]


async def test_calls_without_an_index_stay_apart(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    calls = [{"id": "a"}, {"id": "b"}]
    backend.script = [Delta({"tool_calls": calls[:1]}), Delta({"tool_calls": calls[1:]}), Finish()]

    message = (await completion(client)).choices[0].message

    assert [call.id for call in message.tool_calls or ()] == ["a", "b"]


async def test_reasoning_refusal_and_unknown_members_are_kept(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = [
        Delta({"reasoning_content": "Hm, "}),
        Delta({"reasoning_content": "no."}),
        Delta({"refusal": "I would rather not."}),
        Delta({"mood": {"name": "shy"}}),
        Delta({"mood": {"level": 2}}),
        Finish(),
    ]

    message = (await completion(client)).choices[0].message.to_dict()

    assert message == {
        "role": "assistant",
        "content": None,
        "refusal": "I would rather not.",
        "reasoning_content": "Hm, no.",
        "mood": {"name": "shy", "level": 2},
    }


async def test_logprobs_are_put_one_after_another(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    def piece(token: str) -> Delta:
        probability = {"token": token, "logprob": -0.5, "bytes": None, "top_logprobs": []}
        return Delta({"content": token}, choice={"logprobs": {"content": [probability]}})

    backend.script = [piece("a"), piece("b"), Finish()]

    choice = (await completion(client)).choices[0]

    assert choice.logprobs is not None
    assert [p.token for p in choice.logprobs.content or ()] == ["a", "b"]


async def test_what_only_the_last_chunk_says_is_kept(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    finish = Finish(choice={"stop_reason": "###"}, chunk={"system_fingerprint": "fp_1"})
    backend.script = [text_delta("Hello."), finish, Usage({}, {"service_tier": "default"})]

    answer = await completion(client)

    assert answer.choices[0].to_dict()["stop_reason"] == "###"
    assert answer.system_fingerprint == "fp_1"
    assert answer.service_tier == "default"


async def test_choices_are_apart_and_in_order(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = [
        Delta({"content": "b"}, 1),
        Delta({"content": "a"}, 0),
        Delta({"content": "B"}, 1),
        Finish(index=1),
        Finish("length"),
    ]

    choices = (await completion(client, n=2)).choices

    assert [choice.index for choice in choices] == [0, 1]
    assert [choice.message.content for choice in choices] == ["a", "bB"]
    assert [choice.finish_reason for choice in choices] == ["length", "stop"]


async def test_an_answer_without_words_has_no_content(
    client: openai.AsyncOpenAI, backend: ScriptedBackend
) -> None:
    backend.script = [Finish("content_filter")]

    choice = (await completion(client)).choices[0]

    assert choice.message.content is None
    assert choice.finish_reason == "content_filter"


async def test_a_whole_answer_is_recorded(
    client: openai.AsyncOpenAI, backend: ScriptedBackend, sink: ListSink
) -> None:
    backend.script = [*says("Hello", " there."), Usage({"prompt_tokens": 3})]

    await completion(client)

    turn = await sink.turn()
    assert (turn.outcome, turn.answer_text) == ("completed", "Hello there.")
    assert (turn.prompt_tokens, turn.completion_tokens) == (3, None)
