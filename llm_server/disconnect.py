"""Drop work the moment nobody waits for it any more."""

from collections.abc import Awaitable
from typing import TypeVar

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")


async def unless_gone(receive: Receive, work: Awaitable[T]) -> T:
    """Await the work, but cancel it as soon as the caller hangs up: then raise ClientDisconnect.

    A server that only awaits its upstream notices nothing, and lets the upstream work for
    nobody. For use once the body has been read: it takes every further message of the request.
    """
    try:
        async with anyio.create_task_group() as tasks:

            async def watch() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(watch)
            result = await work
            tasks.cancel_scope.cancel()
            return result
    except ExceptionGroup as group:
        [error] = group.exceptions  # Only the work can fail.
        raise error from error.__cause__
    raise ClientDisconnect
