"""Claude, through Anthropic's own SDK. Needs the extra `anthropic`.

As with OpenAI's, the SDK's low-level `post` is used, with ready bytes: its typed call walks the
whole history, and its events are read here.
"""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Annotated, Any

import anyio
import httpx2
import msgspec
from pydantic import Field, SecretStr, field_validator

from llm_server.backends.anthropic_errors import api_error
from llm_server.backends.anthropic_events import Reader
from llm_server.backends.anthropic_request import body_of
from llm_server.backends.base import MissingExtra
from llm_server.backends.event_stream import EventStreamDecoder
from llm_server.errors import ApiError, UpstreamFailed, UpstreamTimedOut
from llm_server.events import BackendEvent
from llm_server.protocol import ChatRequest, Json, encode
from llm_server.sections import HttpUrl, Section

try:
    import anthropic
except ModuleNotFoundError as exc:
    raise MissingExtra("anthropic") from exc

HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}

# The last version of the API that takes `temperature` and `top_p`, whatever the model.
# https://platform.claude.com/docs/en/api/versioning
SAMPLING_VERSION = {"anthropic-version": "2023-06-01"}


class AnthropicOptions(Section):
    """Which model, and what is sent to it."""

    api_key: Annotated[SecretStr | None, Field(validate_default=True)] = None
    """By default ANTHROPIC_API_KEY."""
    base_url: HttpUrl = "https://api.anthropic.com"
    """Where the API is, without `/v1`."""
    model: str | None = None
    """Anthropic's name for the model; by default the name it has here."""
    max_tokens: Annotated[int, Field(gt=0)] = 4096
    """For requests that do not say. What the model thinks counts, too."""
    sampling: bool = False
    """Send `temperature` or `top_p`: to models before Claude Opus 4.7, which still take them."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Members of the Messages API for every request, such as `thinking`."""
    extra_headers: dict[str, str] = Field(default_factory=dict, repr=False)
    """Headers for every request, such as `anthropic-beta`."""
    connect_timeout_s: Annotated[float, Field(gt=0)] = 1
    """How long a connection may take."""
    read_timeout_s: Annotated[float, Field(gt=0)] = 60
    """How long the upstream may be silent, before the first token and between two."""

    @field_validator("api_key")
    @classmethod
    def _is_there(cls, key: SecretStr | None) -> SecretStr:
        if key:
            return key
        if found := os.environ.get("ANTHROPIC_API_KEY"):
            return SecretStr(found)
        raise ValueError("expected a key, here or in ANTHROPIC_API_KEY")


class AnthropicBackend:
    """One model of Anthropic's. Connections are kept and used again."""

    Options = AnthropicOptions

    def __init__(self, options: AnthropicOptions) -> None:
        assert options.api_key
        self._options = options
        self._client = anthropic.AsyncAnthropic(
            base_url=options.base_url,
            api_key=options.api_key.get_secret_value(),
            default_headers=(SAMPLING_VERSION if options.sampling else {}) | options.extra_headers,
            # A voice prefers an early error, and a fallback, to a late answer.
            max_retries=0,
            timeout=httpx2.Timeout(options.read_timeout_s, connect=options.connect_timeout_s),
            # Its spans hold what was said, if an environment variable tells them to.
            open_telemetry=False,
        )

    async def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        decoder, reader = EventStreamDecoder(), Reader()
        async with self._open(request) as body:
            async for received in body:
                for data in decoder.feed(received):
                    for event in reader.read(msgspec.json.decode(data)):
                        yield event

    async def aclose(self) -> None:
        await self._client.close()

    @asynccontextmanager
    async def _open(self, request: ChatRequest) -> AsyncIterator[AsyncIterator[bytes]]:
        with _translated():
            stream = await self._client.post(
                "/v1/messages",
                content=encode(self._body(request)),
                cast_to=object,
                stream=True,
                stream_cls=anthropic.AsyncStream[object],
                options={"headers": HEADERS},
            )
            try:
                async with aclosing(stream.response.aiter_bytes()) as body:
                    yield body
            finally:
                # Shielded, because a hang-up cancels this task, and the upstream must be told.
                with anyio.CancelScope(shield=True):
                    await stream.close()

    def _body(self, request: ChatRequest) -> Json:
        translated = body_of(
            request,
            model=self._options.model or request.model,
            max_tokens=self._options.max_tokens,
            sampling=self._options.sampling,
        )
        return {**self._options.extra_body, **translated}


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the SDK and its transport raise into what our caller can act on."""
    try:
        yield
    except anthropic.APITimeoutError as exc:
        raise UpstreamTimedOut("The model took too long to begin.") from exc
    except anthropic.APIStatusError as exc:
        raise _status_error(exc) from exc
    except anthropic.AnthropicError as exc:
        raise UpstreamFailed("The upstream could not be reached.") from exc
    except httpx2.TimeoutException as exc:
        raise UpstreamTimedOut("The model stopped in the middle of its answer.") from exc
    except httpx2.HTTPError as exc:
        raise UpstreamFailed("The connection to the model broke.") from exc
    except (msgspec.DecodeError, ValueError) as exc:
        raise UpstreamFailed("The model sent something that is no event.") from exc


def _status_error(exc: anthropic.APIStatusError) -> ApiError:
    return api_error(
        exc.type,
        exc.api_message,
        status=exc.status_code,
        retry_after=exc.response.headers.get("retry-after"),
    )
