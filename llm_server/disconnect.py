"""Drop work the moment nobody waits for it any more."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")


async def unless_gone(
    receive: Receive,
    work: Coroutine[Any, Any, T],
    *,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
    every_s: float | None = None,
) -> T:
    """Await the work, but cancel it as soon as the caller hangs up: then raise ClientDisconnect.

    A server that only awaits its upstream notices nothing, and lets the upstream work for
    nobody. `meanwhile` is called every `every_s` seconds; what it raises ends the work, too.
    For use once the body has been read: it takes every further message of the request.

    It is the work that gets a task of its own, and not the watch: a chunk wakes every frame of
    its task, and that of a request begins with those of the server and the app.
    """
    working = asyncio.create_task(work)
    try:
        with _Until(working):
            await _watch(receive, meanwhile, every_s)
    finally:
        if not working.done():
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
    return working.result()


async def _watch(
    receive: Receive, meanwhile: Callable[[], Awaitable[None]] | None, every_s: float | None
) -> NoReturn:
    while True:
        try:
            async with asyncio.timeout(every_s):
                while (await receive())["type"] != "http.disconnect":
                    pass
            raise ClientDisconnect
        except TimeoutError:
            if meanwhile:
                await meanwhile()


class _Until:
    """Leaves its block when a task is done, as asyncio.timeout does at some time."""

    def __init__(self, awaited: asyncio.Task[Any]) -> None:
        self._awaited = awaited

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task
        self._task = task
        self._cancelling = task.cancelling()
        self._inside, self._cancelled = True, False
        self._awaited.add_done_callback(self._leave)

    def _leave(self, _: object) -> None:
        if self._inside:
            self._cancelled = True
            self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._inside = False
        if kind is asyncio.CancelledError:
            # If somebody else cancels the task too, that is what it must end with.
            return self._cancelled and self._task.uncancel() <= self._cancelling
        # Servers report an answer that has been sent as if the caller were gone.
        return self._awaited.done()
