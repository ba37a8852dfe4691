"""Bridge the wait for an answer that is late."""

from collections.abc import Callable
from contextlib import aclosing

from llm_server.events import Delta, Event, Events, Late, aside


async def fill_in(events: Events, filler: Callable[[], str | None]) -> Events:
    """Pass events on, and say a filler once when nothing has been said for too long.

    Which backend wins is not touched: routing only tells that it is late.
    """
    said = False
    async with aclosing(events):
        async for batch in events:
            if said:
                yield batch
                continue
            yield (batch := [_filled(event, filler) for event in batch])
            said = any(isinstance(event, Delta) and event.text for event in batch)


def _filled(event: Event, filler: Callable[[], str | None]) -> Event:
    if isinstance(event, Late) and (phrase := filler()):
        return aside(phrase)
    return event
