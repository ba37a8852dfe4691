"""Calls a custom LLM exactly as Simli does: Pipecat's OpenAI service on the `openai` SDK."""

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self, cast

from openai import AsyncOpenAI, omit
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam
from openai.types.chat.chat_completion_chunk import Choice, ChoiceDelta

from agents_admin.simulator.behaviour import Calls
from agents_admin.simulator.hooks import Hook
from agents_admin.simulator.prompts import Message

_PATH = "/chat/completions"
# Removed from the body by the SDK, which reads a stream all the same.
_UNSAID = {"stream": omit, "stream_options": omit}


class LlmFailed(Exception):
    """The custom LLM gave no proper answer. The message is the error's kind, never its text."""


class Caller:
    """One custom LLM, called over one pool of connections. Close it with `async with`."""

    def __init__(self, hook: Hook, calls: Calls) -> None:
        self._model, self._calls = hook.model, calls
        self._client = AsyncOpenAI(
            base_url=hook.base_url.rstrip("/") + _PATH if calls.doubled_suffix else hook.base_url,
            # Without a key of its own the SDK would send OPENAI_API_KEY from the environment.
            api_key=hook.api_key or "none",
            # Everything else stays the SDK's default, 600 s for a read included.
            max_retries=calls.retries,
        )
        # The SDK imports this part on first use, which costs about 0.1 s: not in a measured turn.
        self._completions = self._client.chat.completions

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.close()

    async def answer(self, messages: list[Message]) -> AsyncGenerator[str]:
        """Yield the answer's text as it arrives; closing the generator hangs up.

        Raises `LlmFailed` when the request is refused or the stream breaks off.
        """
        if self._calls.never:
            raise LlmFailed("never called")
        try:
            stream = await self._completions.create(
                model=self._model,
                messages=cast("list[ChatCompletionMessageParam]", messages),
                stream=True,
                stream_options={"include_usage": True},
                extra_body=None if self._calls.stream else _UNSAID,
            )
            async with stream:
                async for chunk in stream:
                    if text := _text(chunk):
                        yield text
        except Exception as exc:
            # Whatever the answer breaks, in the SDK or here, Pipecat ends the turn and goes on.
            raise LlmFailed(_kind(exc)) from exc


def _text(chunk: ChatCompletionChunk) -> str:
    # The SDK validates nothing: any member may be null, whatever its type says.
    choices = cast("list[Choice] | None", chunk.choices)
    # Only the first position counts; Pipecat looks at neither `index` nor `finish_reason`.
    delta = cast("ChoiceDelta | None", choices[0].delta) if choices else None
    return (delta.content if delta is not None else None) or ""


def _kind(exc: Exception) -> str:
    status = getattr(exc, "status_code", None)
    return f"{type(exc).__name__} {status}" if status else type(exc).__name__
