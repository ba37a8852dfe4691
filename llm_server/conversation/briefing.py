"""What a model is told before it answers who listens."""

from dataclasses import replace

from llm_server.conversation.history import recent
from llm_server.conversation.hygiene import acceptable
from llm_server.model_settings import ModelSettings
from llm_server.protocol import ChatRequest
from llm_server.voice.policy import VoiceSettings


class Briefing:
    """What one model is told, made of its settings once."""

    def __init__(self, settings: ModelSettings) -> None:
        self._history = settings.history

    def request(self, chat: ChatRequest, voice: VoiceSettings) -> ChatRequest:
        """The request as the model should see it. The given one is left as it is."""
        messages = recent(acceptable(chat.messages), self._history)
        return chat if messages is chat.messages else replace(chat, messages=messages)
