"""Answers for who listens: what routing gives, made fit to be heard."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, aclosing
from functools import partial
from random import Random

from llm_server.conversation.briefing import Briefing
from llm_server.errors import ApiError
from llm_server.events import Ask, Events
from llm_server.protocol import ChatRequest
from llm_server.routing.pace import pace_of_listener
from llm_server.routing.router import Router
from llm_server.settings import DEFAULT_VOICE, Settings
from llm_server.tools.loop import with_tools
from llm_server.tools.toolbox import Toolbox
from llm_server.voice.apology import never_silent
from llm_server.voice.conversations import Conversation
from llm_server.voice.filler import fill_in
from llm_server.voice.length import at_most
from llm_server.voice.phrases import PhraseBook, Phrases
from llm_server.voice.policy import VoiceSettings
from llm_server.voice.speech import only_speakable

Slot = AbstractContextManager[None]


class SpokenAnswers:
    """Makes them. One for a server: it has what is made of the settings once."""

    def __init__(
        self, settings: Settings, router: Router, toolboxes: Mapping[str, Toolbox]
    ) -> None:
        """Raises InvalidSettings for a prompt that cannot be used."""
        self._settings = settings
        self._router = router
        self._toolboxes = toolboxes
        self._briefings = {
            name: Briefing(name, route.settings) for name, route in router.routes.items()
        }
        self._books = {name: PhraseBook(voice.phrases) for name, voice in settings.voices.items()}
        self._random = Random()

    def voice_of(self, chat: ChatRequest) -> VoiceSettings:
        return self._settings.voices[self._voice_name(chat)]

    def answer(self, chat: ChatRequest, conversation: Conversation, slot: Slot) -> Events:
        """An answer that never raises an ApiError, and never is without words.

        The `slot` is held meanwhile; what entering it raises is apologised for.
        """
        voice, phrases = self.voice_of(chat), self._phrases(chat)
        events = _holding(slot, self._asked(chat, voice, phrases))
        if voice.speakable:
            events = only_speakable(events)
        if voice.max_words:
            events = at_most(events, voice.max_words)
        if chat.stream:
            # In an answer that comes as a whole, it would bridge nothing.
            events = fill_in(events, partial(conversation.filler, phrases, self._random))
        return never_silent(events, phrases)

    def apology(self, error: ApiError, chat: ChatRequest) -> Events:
        """The answer to a request that cannot be asked of any model."""
        return never_silent(_failing(error), self._phrases(chat))

    def _asked(self, chat: ChatRequest, voice: VoiceSettings, phrases: Phrases) -> Events:
        try:
            route = self._router.find(chat.model)
            request = self._briefings[chat.model].request(chat, voice)
        except ApiError as exc:
            return _failing(exc)
        pace = pace_of_listener(route.settings, self._settings.limits, voice)
        ask: Ask = partial(self._router.answer, pace=pace)
        if toolbox := self._toolboxes.get(chat.model):
            ask = with_tools(ask, toolbox, phrases.working if chat.stream else ())
        return ask(request)

    def _phrases(self, chat: ChatRequest) -> Phrases:
        return self._books[self._voice_name(chat)].phrases_for(chat.language)

    def _voice_name(self, chat: ChatRequest) -> str:
        """The session's, or else its model's. A session may outlive a voice's configuration."""
        route = self._router.routes.get(chat.model)
        names = (chat.session and chat.session.voice, route and route.settings.voice)
        return next((name for name in names if name in self._settings.voices), DEFAULT_VOICE)


async def _holding(slot: Slot, events: Events) -> Events:
    with slot:
        async with aclosing(events):
            async for batch in events:
                yield batch


async def _failing(error: ApiError) -> Events:
    raise error
    yield  # Makes it a generator.
