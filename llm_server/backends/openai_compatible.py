"""Relay to any upstream that speaks OpenAI's chat completions, through the `openai` SDK.

The SDK's low-level `post` is used, with ready bytes, and the answer is decoded here: its typed
call costs a hundred times more for a long history, and its chunk objects drop nothing but time.
Key, base URL, errors and connections remain the SDK's.
"""

import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Annotated, Any

import anyio
import httpx2
import msgspec
import openai
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from llm_server.backends.aiohttp_transport import BODY, AiohttpTransport, Body
from llm_server.backends.base import BackendEvent
from llm_server.backends.chunk_reader import ChunkReader
from llm_server.errors import (
    ApiError,
    InvalidRequest,
    RateLimited,
    UpstreamFailed,
    UpstreamTimedOut,
)
from llm_server.protocol import ChatRequest, Json, encode
from llm_server.settings import HttpUrl, Section

OPENAI_URL = "https://api.openai.com/v1"

# How long the end of a body may take after `[DONE]`. It is usually there already, and a new
# connection costs a TCP and TLS handshake in the next turn.
DRAIN_S = 0.05

# Compressed, pieces of an answer would be held back until there is enough to compress.
HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


class OpenAIOptions(Section):
    """Where the upstream is, and what is sent to it."""

    base_url: HttpUrl = OPENAI_URL
    api_key: Annotated[SecretStr | None, Field(validate_default=True)] = None
    """Without one, OPENAI_API_KEY is used at OpenAI itself, and no key anywhere else."""
    model: str | None = None
    """The upstream's name for the model; by default the name it has here."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Members added to a request that does not have them, such as `max_tokens`."""
    extra_headers: dict[str, str] = Field(default_factory=dict, repr=False)
    connect_timeout_s: Annotated[float, Field(gt=0)] = 5
    read_timeout_s: Annotated[float, Field(gt=0)] = 60
    """How long the upstream may be silent, before the first token and between two."""

    @field_validator("api_key")
    @classmethod
    def _openai_needs_one(cls, key: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if key or others.data.get("base_url") != OPENAI_URL:
            return key
        if found := os.environ.get("OPENAI_API_KEY"):
            return SecretStr(found)
        raise ValueError("expected a key, here or in OPENAI_API_KEY")


class OpenAICompatibleBackend:
    """One upstream. Connections are kept and used again."""

    Options = OpenAIOptions

    def __init__(self, options: OpenAIOptions) -> None:
        self._options = options
        # Whole, because the SDK takes longer to put it together than to send it.
        self._url = f"{options.base_url}/chat/completions"
        timeout = httpx2.Timeout(options.read_timeout_s, connect=options.connect_timeout_s)
        self._client = openai.AsyncOpenAI(
            base_url=options.base_url,
            # The SDK would read OPENAI_API_KEY if it were given None. That key is for OpenAI alone.
            api_key=options.api_key.get_secret_value() if options.api_key else "none",
            default_headers=options.extra_headers,
            # A voice prefers an early error, and a fallback, to a late answer.
            max_retries=0,
            timeout=timeout,
            http_client=httpx2.AsyncClient(
                transport=AiohttpTransport(ssl.create_default_context())
            ),
        )

    async def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        async with aclosing(self.batches(request)) as batches:
            async for batch in batches:
                for event in batch:
                    yield event

    async def batches(self, request: ChatRequest) -> AsyncGenerator[list[BackendEvent]]:
        """The events, in lists of those that arrived in one read."""
        reader = ChunkReader()
        async with self._open(request) as body:
            while not reader.ended:
                if events := reader.read(await body.read()):
                    yield events
                reader.check()
            await _drain(body)
        if reader.usage:
            yield [reader.usage]

    async def aclose(self) -> None:
        await self._client.close()

    @asynccontextmanager
    async def _open(self, request: ChatRequest) -> AsyncIterator[Body]:
        with _translated():
            # Streamed, and yet a plain response: the SDK's types know no such thing.
            response: Any = await self._client.post(
                self._url,
                content=encode(self._body(request)),
                cast_to=httpx2.Response,
                stream=True,
                stream_cls=openai.AsyncStream[object],
                options={"headers": HEADERS},
            )
            try:
                yield response.extensions[BODY]
            finally:
                # Shielded, because a hang-up cancels this task, and the upstream must be told.
                with anyio.CancelScope(shield=True):
                    await response.aclose()

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


async def _drain(body: Body) -> None:
    """Read the end of the body: a connection can only be used again once it has been read."""
    with anyio.move_on_after(DRAIN_S):
        while await body.read():
            pass


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
            return InvalidRequest(_message(exc), param=exc.param)
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            # Our configuration is wrong, not the caller's key.
            return UpstreamFailed("The upstream refused the key that this server has for it.")
        case openai.APIStatusError():
            return UpstreamFailed(f"The upstream answered with status {exc.status_code}.")
        case _:
            return UpstreamFailed("The upstream could not be reached.")


def _message(exc: openai.APIStatusError) -> str:
    """What the upstream says. The SDK's own message quotes the whole body."""
    said = exc.body.get("message") if isinstance(exc.body, dict) else None
    return said if isinstance(said, str) else "The upstream refused the request."
