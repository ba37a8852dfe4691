"""Which answer a caller gets: what the model says, or what an avatar can speak."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

import anyio

from llm_server.errors import ApiError
from llm_server.events import Events
from llm_server.keys import Caller, SessionClaims
from llm_server.limits import StreamLimiter
from llm_server.protocol import ChatRequest
from llm_server.routing.pace import pace_of_caller
from llm_server.routing.router import Router
from llm_server.settings import Settings
from llm_server.timing import TurnTimer
from llm_server.tools.loop import with_tools
from llm_server.tools.toolbox import Toolbox
from llm_server.turns import Outcome, TurnSink
from llm_server.voice.conversations import Conversation, Conversations
from llm_server.voice.shared_answer import SharedAnswer
from llm_server.voice.spoken import SpokenAnswers

FREE = nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one caller gets."""

    chat: ChatRequest
    events: Events
    turn: TurnTimer
    slot: AbstractContextManager[None] = FREE
    """To be held meanwhile."""
    spoken: bool = False
    """Whether it never fails: then it can begin before there is anything to say."""
    usage_wait_s: float | None = None
    """How long its end may be held up for its usage, if the caller asked for that."""
    shared: SharedAnswer | None = None
    conversation: Conversation | None = None

    def record(self, sink: TurnSink) -> None:
        """Hand the turn over, once it has ended.

        Two who asked for the same turn had one, which the last to leave hands over; and what was
        stopped for a newer one was none.
        """
        if self.shared and (self.shared.superseded or self.shared.listeners):
            return
        turn = self.turn.record()
        if self.conversation:
            self.conversation.ended(interrupted=turn.outcome is Outcome.CANCELLED)
        sink.record(turn)


class Answers:
    """Makes answers. One for a server."""

    def __init__(self, settings: Settings, router: Router, limiter: StreamLimiter) -> None:
        """Raises InvalidSettings for tools or prompts that cannot be used."""
        self._limits = settings.limits
        self._router = router
        self._limiter = limiter
        self._toolboxes = {
            name: Toolbox.from_settings(f"models.{name}.tools", model.tools)
            for name, model in settings.models.items()
            if model.tools
        }
        self._spoken = SpokenAnswers(settings, router, self._toolboxes)
        self._conversations = Conversations()

    def to(self, chat: ChatRequest, caller: Caller, began: float) -> Answer:
        """The answer to a request. Raises ApiError, but not to a session."""
        turn = TurnTimer(caller, chat, began)
        if chat.session:
            return self._in_session(chat, chat.session, turn, caller)
        route = self._router.find(chat.model)
        if route.settings.voice_for == "everyone":
            return self._listened_to(chat, turn, caller)
        pace = pace_of_caller(route.settings, self._limits, chat)
        toolbox = self._toolboxes.get(chat.model)
        if toolbox is None:
            events = self._router.answer(chat, pace)
        else:
            events = with_tools(partial(self._router.answer, pace=pace), toolbox)(chat)
        return Answer(chat=chat, events=events, turn=turn, slot=self._limiter.slot(caller))

    def apology(
        self, error: ApiError, session: SessionClaims, caller: Caller, began: float
    ) -> Answer:
        """The answer to a request that could not be read, from a session: it needs to hear one."""
        chat = ChatRequest(session.model, messages=[], stream=True, session=session)
        events = self._spoken.apology(error, chat)
        return Answer(chat=chat, events=events, turn=TurnTimer(caller, chat, began), spoken=True)

    async def keep_ready(self) -> None:
        """Run beside the server what tools do between requests."""
        async with anyio.create_task_group() as tasks:
            for toolbox in self._toolboxes.values():
                tasks.start_soon(toolbox.keep_ready)

    def _in_session(
        self, chat: ChatRequest, session: SessionClaims, turn: TurnTimer, caller: Caller
    ) -> Answer:
        if not chat.stream:
            # Summaries and the like, which pipelines ask for beside the conversation.
            return self._listened_to(chat, turn, caller)
        conversation = self._conversations.of(session.session_id)
        shared = conversation.turn(chat.fingerprint)
        if shared is None:
            slot = self._limiter.slot(caller)
            shared = conversation.share(self._spoken.answer(chat, conversation, slot))
        return Answer(
            chat=chat,
            events=shared.listen(),
            turn=turn,
            spoken=True,
            usage_wait_s=self._spoken.voice_of(chat).usage_wait_s,
            shared=shared,
            conversation=conversation,
        )

    def _listened_to(self, chat: ChatRequest, turn: TurnTimer, caller: Caller) -> Answer:
        """A spoken answer for whoever is not known to be in a conversation."""
        events = self._spoken.answer(chat, Conversation(), self._limiter.slot(caller))
        wait_s = self._spoken.voice_of(chat).usage_wait_s
        return Answer(chat=chat, events=events, turn=turn, spoken=True, usage_wait_s=wait_s)
