"""An answer that breaks off in the middle is continued by another backend."""

import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Protocol

from msgspec import structs

from llm_server.errors import ApiError
from llm_server.events import Answering, Attempted, Delta, Event, Events, Finish, text_delta
from llm_server.protocol import ChatRequest
from llm_server.routing.pace import Pace
from llm_server.routing.routes import Route
from llm_server.routing.splice import Splice

logger = logging.getLogger(__name__)

# One that breaks off as well is rescued once more, if there is anybody else; after that it is
# better to apologise: each stall is seconds of silence.
MOST_RESCUES = 2

# Said as the user, because not every upstream takes instructions in the middle.
GO_ON = (
    '(Your answer was interrupted by a technical fault right after: "…{tail}". Go on exactly where'
    " it stopped. Do not repeat anything, do not begin again, and do not mention the fault.)"
)
TAIL_CHARS = 120


class AskCandidates(Protocol):
    """How the router asks some of its routes."""

    def __call__(
        self, candidates: Sequence[Route], request_for: Callable[[Route], ChatRequest], pace: Pace
    ) -> Events: ...


class _Said:
    """What has been said so far, by whom, and whether it can be gone on with."""

    def __init__(self) -> None:
        self.model = ""
        self._pieces: list[str] = []
        self._ended = False

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def can_go_on(self) -> bool:
        return bool(self._pieces) and not self._ended

    def add(self, event: Event) -> None:
        if isinstance(event, Delta):
            self._pieces.append(event.text)
            # Nobody can go on with half a tool call, or with several answers at once.
            self._ended |= event.index != 0 or bool(event.members.get("tool_calls"))
        elif isinstance(event, Finish):
            self._ended = True
        elif isinstance(event, Answering):
            self.model = event.model


async def rescued(
    ask: AskCandidates, candidates: Sequence[Route], request: ChatRequest, pace: Pace
) -> Events:
    """The answer, continued when it breaks off. Raises ApiError when nobody can go on."""
    said, began = _Said(), monotonic()
    errors: list[ApiError] = []
    events = ask(candidates, lambda route: request.for_model(route.model), pace)
    rescues = min(MOST_RESCUES, len(candidates))
    for rescues_left in reversed(range(rescues + 1)):
        try:
            async with aclosing(events):
                async for batch in events:
                    for event in batch:
                        said.add(event)
                    yield batch
            return
        except ApiError as exc:
            errors.append(exc)
        if not (rescues_left and said.can_go_on):
            # What others say to a request to go on means nothing to who has not made it.
            raise errors[0]
        logger.warning("%s broke off (%s), another goes on", said.model, errors[-1].kind)
        # Who broke off is asked last: it may only have been the connection.
        candidates = sorted(candidates, key=lambda route: route.model == said.model)
        text, pace_of_rest = said.text, replace(pace, late_s=None, going_on=True)
        prefilled = frozenset(route.model for route in candidates if route.settings.prefill)
        events = _continued(
            ask(candidates, partial(_request_to_go_on, request, text), pace_of_rest),
            _Continuation(text, monotonic() - began, prefilled),
        )


async def _continued(events: Events, continuation: "_Continuation") -> Events:
    async with aclosing(events):
        async for batch in events:
            yield [said for event in batch for said in continuation.of(event)]


class _Continuation:
    """The rest of an answer, without what its new model repeats."""

    def __init__(self, said: str, began_s: float, prefilled: frozenset[str]) -> None:
        self._said = said
        self._began_s = began_s
        self._prefilled = prefilled
        self._splice = Splice(said)

    def of(self, event: Event) -> list[Event]:
        """What the event is as a part of the whole answer."""
        match event:
            case Delta() if event.text:
                text = self._splice.feed(event.text)
                # A piece of which nothing is left may still hold other members.
                return [event.with_text(text)] if text or len(event.members) > 1 else []
            case Finish() if rest := self._splice.flush():
                return [text_delta(rest), event]
            case Answering():
                self._splice = Splice(self._said, exact=event.model in self._prefilled)
            case Attempted():
                return [structs.replace(event, began_s=event.began_s + self._began_s)]
        return [event]


def _request_to_go_on(request: ChatRequest, said: str, route: Route) -> ChatRequest:
    """What a model is asked that should go on with what was said."""
    if not said.strip():
        # There were only thoughts: nobody can go on with those of another.
        return request.for_model(route.model)
    # Some upstreams refuse an answer to go on with that ends in white space.
    messages = [*request.messages, {"role": "assistant", "content": said.rstrip()}]
    if not route.settings.prefill:
        messages.append({"role": "user", "content": GO_ON.format(tail=said[-TAIL_CHARS:])})
    return replace(request.for_model(route.model), messages=messages)
