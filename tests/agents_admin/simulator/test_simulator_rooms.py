import pytest

from agents_admin.simulator import (
    Line,
)
from tests.agents_admin.simulator.stage import (
    HOLD,
    START,
    Onlooker,
    ScriptedLlm,
    hook,
    simulate,
    visitor,
)

HELLO = visitor("Hello?")


async def test_a_room_shows_what_was_heard_and_is_escaped(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [["<b>Brush</b> twice", HOLD], 404]
    script = visitor(Line(say="<i>Everything</i>?", interrupt_after=12), "Why?")

    async with simulate(script, onlooker) as simli:
        started = (await simli.post(START, json={"customLLMConfig": hook(llm)})).json()
        await onlooker.wait_for_the_end()
        page = await simli.get(started["roomUrl"], headers={"x-simli-api-key": ""})

    assert page.headers["content-type"].startswith("text/html")
    assert "&lt;i&gt;Everything&lt;/i&gt;?" in page.text
    assert "<del>&lt;b&gt;Brush&lt;/b&gt;</del>" in page.text
    assert "interrupted" in page.text
    assert "silent: NotFoundError 404" in page.text
    assert "The visitor has left." in page.text
    assert "llm-key" not in page.text


async def test_running_conversations_count_and_ended_ones_are_history(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [[HOLD]]

    async with simulate(HELLO, onlooker) as simli:
        await simli.post(START, json={"customLLMConfig": hook(llm)})
        ended = (await simli.post(START, json={"faceId": "face"})).json()
        await onlooker.wait_for_the_end()
        usage = await simli.get("/ratelimiter/sessions")
        history = await simli.get("/history/sessions")

    assert usage.json() == {"currentUsage": 1}
    [record] = history.json()["sessions"]
    assert (record["id"], record["face_id"]) == (ended["sessionId"], "face")
    assert record["endTime"] >= record["startTime"]
    assert record["sessionTotalTime"] >= 0


@pytest.mark.parametrize(
    ("window", "found"),
    [
        ({"start": 0}, 1),
        ({"startTime": 0, "endTime": 2**33}, 1),
        ({"end": 1}, 0),
        ({"endTime": 1, "end": 2**33}, 0),
        ({"startTime": 2**33}, 0),
    ],
)
async def test_history_takes_both_spellings_of_its_window(
    onlooker: Onlooker, window: dict[str, int], found: int
) -> None:
    async with simulate(HELLO, onlooker) as simli:
        await simli.post(START, json={})
        await onlooker.wait_for_the_end()
        response = await simli.get("/history/sessions", params=window)

    assert len(response.json()["sessions"]) == found


async def test_a_window_that_is_no_time_is_refused(onlooker: Onlooker) -> None:
    async with simulate(HELLO, onlooker) as simli:
        response = await simli.get("/history/sessions?start=today")

    assert response.status_code == 400
    assert response.json() == {
        "error": "Invalid input: start: Input should be a valid integer, "
        "unable to parse string as an integer"
    }


@pytest.mark.parametrize(
    ("path", "detail"), [("/nowhere", "Not Found"), ("/rooms/nowhere", "Room not found")]
)
async def test_unknown_paths_are_404(onlooker: Onlooker, path: str, detail: str) -> None:
    async with simulate(HELLO, onlooker) as simli:
        response = await simli.get(path)

    assert response.status_code == 404
    assert response.json() == {"detail": detail}
