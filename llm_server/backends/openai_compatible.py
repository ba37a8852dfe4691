"""Relay to any upstream that speaks OpenAI's chat completions, through the `openai` SDK.

The SDK's low-level `post` is used, with ready bytes, and the answer is decoded here: its typed
call costs a hundred times more for a long history, and its chunk objects drop nothing but time.
Key, base URL, errors and connections remain the SDK's.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any

import anyio
import httpx2
import msgspec
import openai
from pydantic import Field, SecretStr

from llm_server.backends.base import BackendEvent, Delta, Finish, Usage
from llm_server.backends.event_stream import EventStreamDecoder
from llm_server.errors import (
    ApiError,
    InvalidRequest,
    RateLimited,
    UpstreamFailed,
    UpstreamTimedOut,
)
from llm_server.protocol import ChatRequest, Json, encode
from llm_server.settings import Section

OPENAI_URL = "https://api.openai.com/v1"

# Members of a chunk and of a choice that the server writes itself.
ENVELOPE = frozenset({"id", "object", "created", "model", "choices", "usage"})
CHOICE = frozenset({"index", "delta", "finish_reason"})


class OpenAIOptions(Section):
    """Where the upstream is, and what is sent to it."""

    base_url: str = OPENAI_URL
    api_key: SecretStr | None = None
    """Without one, OPENAI_API_KEY is used at OpenAI itself, and no key anywhere else."""
    model: str | None = None
    """The upstream's name for the model; by default the name it has here."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Members added to a request that does not have them, such as `max_tokens`."""
    extra_headers: dict[str, str] = Field(default_factory=dict, repr=False)
    connect_timeout_s: Annotated[float, Field(gt=0)] = 5
    read_timeout_s: Annotated[float, Field(gt=0)] = 60
    """How long the upstream may be silent, before the first token and between two."""


class OpenAICompatibleBackend:
    """One upstream. Connections are kept and used again."""

    Options = OpenAIOptions

    def __init__(self, options: OpenAIOptions) -> None:
        self._options = options
        timeout = httpx2.Timeout(options.read_timeout_s, connect=options.connect_timeout_s)
        self._client = openai.AsyncOpenAI(
            base_url=options.base_url,
            api_key=_api_key(options),
            default_headers=options.extra_headers,
            # A voice prefers an early error, and a fallback, to a late answer.
            max_retries=0,
            timeout=timeout,
        )

    async def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        async with self._open(request) as response:
            async for chunk in _chunks(response):
                for event in _read(chunk):
                    yield event

    async def aclose(self) -> None:
        await self._client.close()

    @asynccontextmanager
    async def _open(self, request: ChatRequest) -> AsyncIterator[httpx2.Response]:
        with _translated():
            stream = await self._client.post(
                "/chat/completions",
                content=encode(self._body(request)),
                cast_to=object,
                stream=True,
                stream_cls=openai.AsyncStream[object],
                options={"headers": {"Content-Type": "application/json"}},
            )
            try:
                yield stream.response
            finally:
                # Shielded, because a hang-up cancels this task, and the upstream must be told.
                with anyio.CancelScope(shield=True):
                    await stream.response.aclose()

    def _body(self, request: ChatRequest) -> Json:
        return {
            **self._options.extra_body,
            **request.members,
            "model": self._options.model or request.model,
            "messages": request.messages,
            # Always streamed: a hang-up can only be noticed, and passed on, while data flows.
            "stream": True,
            "stream_options": {"include_usage": True},
        }


def _api_key(options: OpenAIOptions) -> str | None:
    if options.api_key:
        return options.api_key.get_secret_value()
    # The SDK reads OPENAI_API_KEY when it is given None. That key is for OpenAI alone.
    return None if options.base_url == OPENAI_URL else "none"


async def _chunks(response: httpx2.Response) -> AsyncIterator[Json]:
    """The chunks of an answer, until `[DONE]` or the end."""
    decoder = EventStreamDecoder()
    async for received in response.aiter_bytes():
        for data in decoder.feed(received):
            if data.strip() == b"[DONE]":
                return
            yield _decode(data)
    for data in decoder.flush():
        if data.strip() != b"[DONE]":
            yield _decode(data)


def _decode(data: bytes) -> Json:
    chunk = msgspec.json.decode(data)
    if not isinstance(chunk, dict):
        raise UpstreamFailed("The model sent something that is not a chunk.")
    if error := chunk.get("error"):
        message = error.get("message") if isinstance(error, dict) else error
        raise UpstreamFailed(f"The model broke off: {str(message)[:200]}")
    return chunk


def _read(chunk: Json) -> list[BackendEvent]:
    try:
        return list(_events(chunk))
    except (AttributeError, TypeError, ValueError) as exc:
        raise UpstreamFailed("The model sent something that is not a chunk.") from exc


def _events(chunk: Json) -> Iterator[BackendEvent]:
    """What one chunk holds, without what belongs to the envelope. Empty deltas say nothing."""
    extra = {name: value for name, value in chunk.items() if name not in ENVELOPE}
    for choice in chunk.get("choices") or ():
        index = choice.get("index") or 0
        others = {name: value for name, value in choice.items() if name not in CHOICE}
        members = choice.get("delta") or {}
        members.pop("role", None)
        if any(value not in (None, "") for value in members.values()):
            yield Delta(members, index, others, extra)
        if reason := choice.get("finish_reason"):
            yield Finish(reason, index, others, extra)
    if usage := chunk.get("usage"):
        yield Usage(usage, extra)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the SDK and its transport raise into what our caller can act on."""
    try:
        yield
    except openai.APIError as exc:
        raise _api_error(exc) from exc
    except httpx2.TimeoutException as exc:
        raise UpstreamTimedOut("The model stopped in the middle of its answer.") from exc
    except httpx2.HTTPError as exc:
        raise UpstreamFailed("The connection to the model broke.") from exc
    except (msgspec.DecodeError, ValueError) as exc:
        raise UpstreamFailed("The model sent something that is not a chunk.") from exc


def _api_error(exc: openai.APIError) -> ApiError:
    match exc:
        case openai.APITimeoutError():
            return UpstreamTimedOut("The model took too long to begin.")
        case openai.RateLimitError():
            delay = exc.response.headers.get("retry-after")
            return RateLimited(
                "The model is busy.", headers={"retry-after": delay} if delay else None
            )
        case openai.BadRequestError() | openai.UnprocessableEntityError():
            return InvalidRequest(exc.message, param=exc.param)
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            # Our configuration is wrong, not the caller's key.
            return UpstreamFailed("The upstream refused the key that this server has for it.")
        case openai.APIStatusError():
            return UpstreamFailed(f"The upstream answered with status {exc.status_code}.")
        case _:
            return UpstreamFailed("The upstream could not be reached.")
