import uuid
from datetime import datetime

import httpx
import pytest

from agents_admin.simulator import Line
from tests.agents_admin.simulator.stage import (
    HOLD,
    START,
    Onlooker,
    ScriptedLlm,
    behave,
    hook,
    simulate,
    visitor,
)

HELLO = visitor("Hello?")


async def test_the_transcript_is_what_was_heard(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    llm.answers = [["Brush twice. Floss.", HOLD], 404]
    script = visitor(Line(say="Tell me everything.", interrupt_after=12), "And now?")
    body = {
        "customLLMConfig": hook(llm),
        "firstMessage": "Linden Dental.",
        "createTranscript": True,
    }

    async with simulate(script, onlooker) as simli:
        started = (await simli.post(START, json=body)).json()
        await onlooker.wait_for_the_end()
        response = await simli.get(
            "/auto/transcript/any", params={"sessionId": started["sessionId"]}
        )

    entries = response.json()
    assert [(entry["role"], entry["content"]) for entry in entries] == [
        ("assistant", "Linden Dental."),
        ("user", "Tell me everything."),
        ("assistant", "Brush twice."),
        ("user", "And now?"),
    ]
    times = [datetime.fromisoformat(entry["timestamp"]) for entry in entries]
    assert times == sorted(times)


async def test_a_transcript_needs_the_session_in_its_query(onlooker: Onlooker) -> None:
    async with simulate(HELLO, onlooker) as simli:
        response = await simli.get(f"/auto/transcript/{uuid.uuid4()}")

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["query", "sessionId"]


@pytest.mark.parametrize("wanted", [True, False])
async def test_there_is_no_transcript_while_the_conversation_runs_or_if_not_asked_for(
    llm: ScriptedLlm, onlooker: Onlooker, wanted: bool
) -> None:
    llm.answers = [[HOLD] if wanted else ["Yes."]]
    body = {"customLLMConfig": hook(llm), "createTranscript": wanted}

    async with simulate(HELLO, onlooker) as simli:
        started = (await simli.post(START, json=body)).json()
        if not wanted:
            await onlooker.wait_for_the_end()
        response = await simli.get(
            "/auto/transcript/any", params={"sessionId": started["sessionId"]}
        )

    assert response.status_code == 404
    assert response.json().keys() == {"detail"}


async def hear_a_transcript(
    llm: ScriptedLlm, onlooker: Onlooker, switches: dict[str, object], path: str = "any"
) -> httpx.Response:
    """Have a conversation and ask for its transcript at once."""
    body = {"customLLMConfig": hook(llm), "createTranscript": True}
    async with simulate(HELLO, onlooker, behaviour=behave(transcripts=switches)) as simli:
        session_id = (await simli.post(START, json=body)).json()["sessionId"]
        await onlooker.wait_for_the_end()
        if path == "id":
            return await simli.get(f"/auto/transcript/{session_id}")
        return await simli.get(f"/auto/transcript/{path}", params={"sessionId": session_id})


@pytest.mark.parametrize(
    ("meanwhile", "status", "content"),
    [
        ("not_found", 404, {"detail": "Transcript not found"}),
        ("accepted", 202, None),
        ("empty", 200, []),
    ],
)
async def test_a_transcript_that_takes_its_time(
    llm: ScriptedLlm, onlooker: Onlooker, meanwhile: str, status: int, content: object
) -> None:
    switches: dict[str, object] = {"delay_s": 60, "meanwhile": meanwhile}

    response = await hear_a_transcript(llm, onlooker, switches)

    assert (response.status_code, response.json()) == (status, content)


async def test_a_list_has_roles_contents_and_times(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    entries = (await hear_a_transcript(llm, onlooker, {})).json()

    assert [entry.keys() for entry in entries] == [{"role", "content", "timestamp"}] * 2


@pytest.mark.parametrize(
    ("shape", "content"),
    [("nothing", {}), ("text", "user: Hello?\nassistant: Yes.")],
)
async def test_other_shapes(
    llm: ScriptedLlm, onlooker: Onlooker, shape: str, content: object
) -> None:
    response = await hear_a_transcript(llm, onlooker, {"shape": shape})

    assert response.json() == content


async def test_a_wrapped_list(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    content = (await hear_a_transcript(llm, onlooker, {"shape": "wrapped"})).json()

    assert content.keys() == {"transcript"}
    assert [entry["content"] for entry in content["transcript"]] == ["Hello?", "Yes."]


async def test_the_id_may_be_looked_for_in_the_path(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    response = await hear_a_transcript(llm, onlooker, {"id_in": "path"}, path="id")

    assert len(response.json()) == 2


async def test_an_id_in_the_query_is_then_no_help(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    response = await hear_a_transcript(llm, onlooker, {"id_in": "path"})

    assert response.status_code == 404


async def test_a_transcript_is_given_for_the_old_header_and_to_its_account_alone(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    body = {"customLLMConfig": hook(llm), "createTranscript": True}

    async with simulate(HELLO, onlooker) as simli:
        session_id = (await simli.post(START, json=body)).json()["sessionId"]
        await onlooker.wait_for_the_end()
        path = f"/auto/transcript/any?sessionId={session_id}"
        del simli.headers["x-simli-api-key"]
        mine = await simli.get(path, headers={"api-key": "simli-key"})
        theirs = await simli.get(path, headers={"api-key": "another-key"})

    assert (mine.status_code, theirs.status_code) == (200, 404)
