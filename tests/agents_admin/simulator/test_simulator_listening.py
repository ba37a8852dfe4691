import pytest

from agents_admin.simulator import Line
from agents_admin.simulator.mangled import mangled
from tests.agents_admin.simulator.stage import (
    HOLD,
    START,
    Onlooker,
    ScriptedLlm,
    hook,
    simulate,
    visitor,
)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("We open at nine.", ()),
        ("It costs 3 * 4 euros, i.e. 12.", ()),
        ("Call snake_case_name or 5 - 3.", ()),
        ("In 2024. That was a good year", ()),
        ("This is **bold**.", ("markdown",)),
        ("This is *important*!", ("markdown",)),
        ("# Opening hours", ("markdown",)),
        ("- Monday: nine to five.", ("markdown",)),
        ("2. Bring your papers.", ("markdown",)),
        ("| day | hours |", ("markdown",)),
        ("Run `npm install`.", ("markdown",)),
        ("See [our page](/here).", ("markdown",)),
        ("See [our page](https://a.example).", ("url", "markdown")),
        ("See www.a.example for more.", ("url",)),
        ("Write to maya@a.example.", ("url",)),
        ("Welcome! 😀", ("emoji",)),
        ("Done ✅.", ("emoji",)),
        ("“Quoted” – très bien… 日本語です。", ()),
    ],
)
def test_what_a_voice_would_mangle(text: str, kinds: tuple[str, ...]) -> None:
    assert mangled(text) == kinds


async def test_the_log_of_a_room_says_what_was_heard_and_when(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [["We open at **nine**. Ring ", "me. And ", HOLD], 404]
    script = visitor(Line(say="When?", interrupt_after=32), "Hello?")
    body = {"customLLMConfig": hook(llm), "firstMessage": "Hi 😀"}

    async with simulate(script, onlooker) as simli:
        started = (await simli.post(START, json=body)).json()
        await onlooker.wait_for_the_end()
        log = (await simli.get(f"{started['roomUrl']}/log")).json()
        page = await simli.get(started["roomUrl"])

    assert (log["session_id"], log["end_reason"]) == (started["sessionId"], "visitor_left")
    assert (log["first_message"], log["first_message_mangled"]) == ("Hi 😀", ["emoji"])
    first, second = log["turns"]
    assert [(s["text"], s["mangled"]) for s in first["heard"]] == [
        ("We open at **nine**.", ["markdown"]),
        ("Ring me.", []),
    ]
    assert 0 < first["heard"][0]["at_s"] <= first["heard"][1]["at_s"] <= first["duration_s"]
    assert (first["interrupted"], first["silent"], first["cut_off"]) == (True, False, "An")
    assert (second["silent"], second["error"]) == (True, "NotFoundError 404")
    assert "<mark>markdown</mark>" in page.text
    assert f'href="{started["roomUrl"].rpartition("/")[2]}/log"' in page.text


async def test_the_log_of_a_running_room_is_what_is_there(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [[HOLD]]

    async with simulate(visitor("When?"), onlooker) as simli:
        started = (await simli.post(START, json={"customLLMConfig": hook(llm)})).json()
        log = (await simli.get(f"{started['roomUrl']}/log")).json()

    assert (log["ended_at"], log["end_reason"], log["turns"]) == (None, None, [])
