"""A backend with scripted answers: for tests, for demonstrations, and as a last fallback."""

from collections.abc import AsyncGenerator
from re import findall
from typing import Annotated

import anyio
from pydantic import Field

from llm_server.backends.base import BackendEvent, Finish, Usage, text_delta
from llm_server.protocol import ChatRequest, text_of
from llm_server.settings import Section


class MockOptions(Section):
    """What the mock says, and how fast."""

    reply: str = "This is the mock backend. Configure a model to hear a real answer."
    replies: list[str] = Field(default_factory=list)
    """One answer for each turn of a conversation, then from the start again; wins over `reply`."""
    first_token_s: Annotated[float, Field(ge=0)] = 0
    """Seconds before the first token."""
    token_s: Annotated[float, Field(ge=0)] = 0
    """Seconds before each further token."""


class MockBackend:
    """Says its script word by word. Which line is told by the conversation, so it has no state."""

    Options = MockOptions

    def __init__(self, options: MockOptions) -> None:
        self._options = options
        self._answers = [findall(r"\s*\S+\s*$|\s*\S+", reply) for reply in self._replies()]

    def _replies(self) -> list[str]:
        return self._options.replies or [self._options.reply]

    async def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        turn = sum(message["role"] == "user" for message in request.messages)
        tokens = self._answers[(max(turn, 1) - 1) % len(self._answers)]
        for number, token in enumerate(tokens):
            if wait := self._options.token_s if number else self._options.first_token_s:
                await anyio.sleep(wait)
            yield text_delta(token)
        yield Finish()
        yield _usage(request, len(tokens))

    async def aclose(self) -> None:
        pass


def _usage(request: ChatRequest, completion_tokens: int) -> Usage:
    """Words, counted as tokens: enough to see where the number ends up."""
    prompt_tokens = sum(len(text_of(message).split()) for message in request.messages)
    return Usage(
        {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        }
    )
