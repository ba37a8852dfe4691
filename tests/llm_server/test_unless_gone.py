"""Who ends what, when an answer, its caller and the server's shutdown come together."""

import asyncio

import anyio
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from llm_server.disconnect import unless_gone


async def stay() -> Message:
    await anyio.sleep_forever()
    raise AssertionError


async def leave() -> Message:
    return {"type": "http.disconnect"}


async def work_that_notes_its_end(ended: anyio.Event) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        ended.set()


async def test_the_result_is_given_while_the_caller_stays() -> None:
    async def work() -> str:
        return "done"

    assert await unless_gone(stay, work()) == "done"


async def test_what_the_work_raises_comes_out_as_it_is() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await unless_gone(stay, work())


async def test_an_answer_that_is_complete_is_no_hang_up() -> None:
    """Servers report `http.disconnect` after the last piece, too."""
    sent = anyio.Event()

    async def receive() -> Message:
        await sent.wait()
        return {"type": "http.disconnect"}

    async def work() -> str:
        sent.set()
        return "done"

    assert await unless_gone(receive, work()) == "done"


async def test_whoever_cancels_the_request_cancels_the_work() -> None:
    ended = anyio.Event()
    request = asyncio.create_task(unless_gone(stay, work_that_notes_its_end(ended)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    request.cancel()

    with pytest.raises(asyncio.CancelledError):
        await request
    assert ended.is_set()


async def test_a_cancellation_is_not_lost_when_the_work_ends_with_it() -> None:
    async def work() -> None:
        request.cancel()

    request = asyncio.create_task(unless_gone(stay, work()))

    with pytest.raises(asyncio.CancelledError):
        await request


async def test_nothing_is_left_of_a_cancellation_by_the_end_of_the_work() -> None:
    async def work() -> None:
        pass

    await unless_gone(stay, work())

    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0


async def test_what_is_raised_meanwhile_ends_the_work() -> None:
    ended = anyio.Event()

    async def meanwhile() -> None:
        raise ClientDisconnect

    with pytest.raises(ClientDisconnect):
        await unless_gone(stay, work_that_notes_its_end(ended), meanwhile=meanwhile, every_s=0.001)
    assert ended.is_set()


async def test_a_caller_who_is_gone_already_gets_no_work_done() -> None:
    begun = anyio.Event()

    async def work() -> None:
        begun.set()

    with pytest.raises(ClientDisconnect):
        await unless_gone(leave, work())
    assert not begun.is_set()
