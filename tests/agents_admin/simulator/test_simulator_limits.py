import httpx

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


async def start(simli: httpx.AsyncClient, llm: ScriptedLlm, key: str = "mine") -> httpx.Response:
    body = {"customLLMConfig": hook(llm)}
    return await simli.post(START, json=body, headers={"x-simli-api-key": key})


async def test_an_account_has_so_many_conversations_at_once(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [[HOLD], [HOLD]]
    one = behave(limits={"sessions": 1})

    async with simulate(HELLO, onlooker, behaviour=one) as simli:
        first = await start(simli, llm)
        second = await start(simli, llm)
        other_account = await start(simli, llm, key="theirs")

    assert [r.status_code for r in (first, second, other_account)] == [200, 429, 200]
    assert second.json() == {"detail": "Concurrent session limit reached"}
    assert "retry-after" not in second.headers


async def test_a_conversation_that_ended_makes_room_for_another(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    async with simulate(HELLO, onlooker, behaviour=behave(limits={"sessions": 1})) as simli:
        await start(simli, llm)
        await onlooker.wait_for_the_end()
        second = await start(simli, llm)

    assert second.status_code == 200


async def test_a_burst_of_starts_is_refused(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    limits = {"starts": 2, "window_s": 60, "retry_after_s": 3}

    async with simulate(HELLO, onlooker, behaviour=behave(limits=limits)) as simli:
        answers = [await start(simli, llm) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json() == {"detail": "Rate limit exceeded"}
    assert answers[2].headers["retry-after"] == "3"


async def test_a_burst_is_forgotten_after_a_while(llm: ScriptedLlm, onlooker: Onlooker) -> None:
    limits = {"starts": 1, "window_s": 1e-6}

    async with simulate(HELLO, onlooker, behaviour=behave(limits=limits)) as simli:
        answers = [await start(simli, llm) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


async def test_usage_and_history_are_those_of_the_account(
    llm: ScriptedLlm, onlooker: Onlooker
) -> None:
    llm.answers = [["Yes."], [HOLD]]
    theirs = {"x-simli-api-key": "theirs"}

    async with simulate(HELLO, onlooker) as simli:
        await start(simli, llm)
        await onlooker.wait_for_the_end()
        await start(simli, llm)
        usage = await simli.get("/ratelimiter/sessions", headers=theirs)
        history = await simli.get("/history/sessions", headers=theirs)

    assert (usage.json(), history.json()) == ({"currentUsage": 0}, {"sessions": []})
