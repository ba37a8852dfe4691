"""What a model is told before it answers who listens."""

from dataclasses import replace

from llm_server.conversation.history import recent
from llm_server.conversation.hygiene import acceptable
from llm_server.conversation.prompt import Prompt, PromptContext, with_prompt
from llm_server.model_settings import ModelSettings
from llm_server.protocol import ChatRequest
from llm_server.settings_problems import InvalidSettings
from llm_server.voice.policy import VoiceSettings
from llm_server.voice.steering import steer_first_sentence


class Briefing:
    """What one model is told, made of its settings once."""

    def __init__(self, model: str, settings: ModelSettings) -> None:
        """Raises InvalidSettings for a prompt that cannot be used."""
        self._history = settings.history
        try:
            self._prompt = Prompt(settings.prompt) if settings.prompt else None
        except ValueError as exc:
            raise InvalidSettings([f"models.{model}.prompt: {exc}"]) from exc

    def request(self, chat: ChatRequest, voice: VoiceSettings) -> ChatRequest:
        """The request as the model should see it; the given one is left as it is.

        Raises InvalidRequest for a prompt that becomes too long.
        """
        messages = chat.messages
        if self._prompt:
            messages = with_prompt(messages, self._prompt, PromptContext(chat.session))
        messages = recent(messages, self._history)
        if voice.steering:
            messages = steer_first_sentence(messages, chat.language, voice.steering)
        messages = acceptable(messages)
        return chat if messages is chat.messages else replace(chat, messages=messages)
