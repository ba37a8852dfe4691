"""One backend, asked for one answer."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from random import uniform
from time import monotonic

from llm_server.cancellation import is_cancelled
from llm_server.errors import (
    ApiError,
    ContentFiltered,
    EmptyAnswer,
    InvalidRequest,
    RateLimited,
    UpstreamFailed,
    internal_error,
)
from llm_server.events import Attempted, Batch, Delta, Finish
from llm_server.protocol import ChatRequest
from llm_server.routing.budget import Budget
from llm_server.routing.routes import Route
from llm_server.tracebacks import place_of

logger = logging.getLogger(__name__)

IsContent = Callable[[Batch], bool]

# Enough for a restarted process to accept connections, and not heard yet.
BACK_OFF_S = (0.05, 0.15)

# Who is told to come back later than this may tell the caller so.
LONGEST_DELAY_S = 3.0


class Attempt:
    """What comes is read by `begin` until there is content, and then by `next`.

    They may be awaited in different tasks, one after the other.
    """

    def __init__(
        self, route: Route, request: ChatRequest, content: Callable[[], IsContent]
    ) -> None:
        """`content` makes what tells content from the rest, for one answer each."""
        self.route = route
        self.held: list[Batch] = []
        """What came up to the first content, to be passed on."""
        self.began = monotonic()
        self.spoke_s: float | None = None
        self._has_failed = False
        self._request = request
        self._content = content
        self._open()
        # One request tries whether a backend is well again, and not two.
        self._is_probe = not route.breaker.is_closed
        route.breaker.asked()

    async def begin(self, retries: Budget, until: float) -> None:
        """Wait for the first content. Raises ApiError.

        Where it may help, the backend is asked once more, if there is time `until` then.
        """
        tries_left = 0 if self._is_probe else self.route.settings.retries
        while True:
            try:
                await self._until_content()
                break
            except ApiError as exc:
                delay_s = _delay_s(exc)
                late = delay_s is None or monotonic() + delay_s >= until
                if not tries_left or delay_s is None or late or not retries.spend():
                    raise
                logger.warning("%s failed (%s), asking it again", self.route.model, exc.kind)
                self.route.breaker.failed()
            await self._batches.aclose()
            await asyncio.sleep(delay_s)
            tries_left -= 1
            self._open()
        self.spoke_s = monotonic() - self.began
        self.route.first_contents.add(self.spoke_s)

    async def next(self) -> Batch | None:
        """What came next; None at the end. Whatever the backend raises comes as an ApiError."""
        try:
            batch = await anext(self._batches)
        except StopAsyncIteration:
            if self._unfinished:
                # A polite end without a finish reason looks like a whole answer, and is none.
                raise UpstreamFailed(
                    "The model broke off before its answer was complete."
                ) from None
            return None
        except ApiError:
            raise
        except asyncio.CancelledError as exc:
            if is_cancelled():
                raise
            # What a backend cancels is itself, and nobody who waits for it.
            raise self._bug(exc) from exc
        except Exception as exc:
            raise self._bug(exc) from exc
        self._note(batch)
        return batch

    def _bug(self, exc: BaseException) -> ApiError:
        # The traceback may quote a conversation, so only its place and kind are logged.
        logger.error("the backend of %s raised %s", self.route.model, place_of(exc))
        return internal_error()

    @property
    def is_whole(self) -> bool:
        """Whether all that was asked for has been said. Only its usage may be missing."""
        return not self._unfinished and len(self._finished) >= self._request.choices

    def _note(self, batch: Batch) -> None:
        for event in batch:
            if isinstance(event, Delta):
                self._unfinished.add(event.index)
            elif isinstance(event, Finish):
                self._unfinished.discard(event.index)
                self._finished.add(event.index)

    def report(self, outcome: str, request_began: float) -> Attempted:
        """How it fared, for the turn's record."""
        began_s = self.began - request_began
        return Attempted(self.route.model, outcome, began_s, self.spoke_s)

    def failed(self, error: ApiError) -> None:
        """Hold it against the backend; unless it is well, and only refuses this request."""
        if isinstance(error, InvalidRequest):
            return
        self._has_failed = True
        delay_s = error.retry_after_s if isinstance(error, RateLimited) else None
        self.route.breaker.failed(delay_s)

    def overtaken(self) -> None:
        """Another one was faster. How long this one would have taken is not known: it was more."""
        self.route.first_contents.add(monotonic() - self.began)

    async def close(self) -> None:
        """Let go of the backend. If it has not failed by now, it has not at all.

        What it raises then harms nobody: there is an answer, or another error to tell.
        """
        if not self._has_failed:
            self.route.breaker.passed(answered=self.spoke_s is not None)
        try:
            await self._batches.aclose()
        except Exception as exc:
            logger.error("the backend of %s raised %s when let go", self.route.model, place_of(exc))

    def _open(self) -> None:
        self.held.clear()
        self._unfinished, self._finished = {0}, set[int]()
        self._is_content = self._content()
        self._batches = self.route.ask(self._request)

    async def _until_content(self) -> None:
        while True:
            if (batch := await self.next()) is None:
                raise _without_content(self.held)
            self.held.append(batch)
            if self._is_content(batch):
                return


def _delay_s(error: ApiError) -> float | None:
    """How long to wait before the same backend is asked again; None if that is no use."""
    if isinstance(error, RateLimited):
        delay_s = error.retry_after_s
        return delay_s if delay_s is not None and delay_s <= LONGEST_DELAY_S else None
    return uniform(*BACK_OFF_S) if error.transient else None


def _without_content(held: Sequence[Batch]) -> ApiError:
    events = [event for batch in held for event in batch]
    if any(isinstance(event, Finish) and event.reason == "content_filter" for event in events):
        return ContentFiltered("The upstream filtered the answer.")
    return EmptyAnswer("The model answered without a word.")
