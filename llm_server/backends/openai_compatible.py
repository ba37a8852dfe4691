"""Relay to any upstream that speaks OpenAI's chat completions, through the `openai` SDK.

The SDK's low-level `request` is used, with ready bytes, and the answer is decoded here: its typed
call costs a hundred times more for a long history, and its chunk objects drop nothing but time.
Key, base URL, errors and connections remain the SDK's.
"""

import ssl
from collections.abc import AsyncGenerator
from contextlib import suppress

import anyio
import httpx2
import openai

from llm_server.backends.aiohttp_transport import BODY, KEEP_ALIVE_S, AiohttpTransport, Body
from llm_server.backends.base import one_by_one
from llm_server.backends.chunk_reader import MALFORMED, ChunkReader, not_understood
from llm_server.backends.openai_client import CompletionsClient
from llm_server.backends.openai_options import OpenAIOptions
from llm_server.backends.upstream_errors import status_error
from llm_server.errors import ApiError, UpstreamFailed, UpstreamTimedOut
from llm_server.events import BackendEvent
from llm_server.protocol import ChatRequest, Json, encode

# How long the end of a body may take after `[DONE]`. It is usually there already, and a new
# connection costs a TCP and TLS handshake in the next turn.
DRAIN_S = 0.05


class OpenAICompatibleBackend:
    """One upstream. Connections are kept and used again."""

    Options = OpenAIOptions

    def __init__(self, options: OpenAIOptions) -> None:
        self._options = options
        timeout = httpx2.Timeout(options.read_timeout_s, connect=options.connect_timeout_s)
        self._client = CompletionsClient(
            AiohttpTransport(ssl.create_default_context(cafile=options.ca_file), options.proxy_url),
            base_url=options.base_url,
            # The SDK would read OPENAI_API_KEY if it were given None. That key is for OpenAI alone.
            api_key=options.api_key.get_secret_value() if options.api_key else "none",
            organization=options.organization,
            project=options.project,
            default_headers=options.extra_headers,
            # A voice prefers an early error, and a fallback, to a late answer.
            max_retries=0,
            timeout=timeout,
        )

    async def keep_ready(self) -> None:
        """Keep connections open ahead of the turns that will need them, until cancelled."""
        while self._options.connections_ahead:
            async with anyio.create_task_group() as tasks:
                for _ in range(self._options.connections_ahead):
                    tasks.start_soon(self._touch)
            await anyio.sleep(KEEP_ALIVE_S - 20)

    async def _touch(self) -> None:
        # Whatever the answer is: only the connection that it leaves behind is wanted.
        with suppress(openai.APIError, httpx2.HTTPError):
            await self._client.get("/models", cast_to=httpx2.Response)

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        return one_by_one(self.batches(request))

    async def batches(self, request: ChatRequest) -> AsyncGenerator[list[BackendEvent]]:
        """The events, in lists of those that arrived in one read."""
        reader = ChunkReader()
        try:
            body = await self._ask(request)
            try:
                if body.is_json:
                    yield await _whole(reader, body)
                while not reader.ended:
                    if events := reader.read(await body.read()):
                        yield events
                    reader.check()
                if not body.at_end:
                    await _drain(body)
            finally:
                # Without waiting for anything, because a hang-up cancels this task.
                body.close()
        except (openai.APIError, httpx2.HTTPError) as exc:
            raise _api_error(exc) from exc
        if reader.usage:
            yield [reader.usage]

    async def aclose(self) -> None:
        await self._client.close()

    async def _ask(self, request: ChatRequest) -> Body:
        response = await self._client.ask(encode(self._body(request)))
        body: Body = response.extensions[BODY]
        return body

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


async def _whole(reader: ChunkReader, body: Body) -> list[BackendEvent]:
    content = b"".join([piece async for piece in body])
    try:
        return reader.read_completion(content)
    except MALFORMED as exc:
        raise not_understood(exc) from exc


async def _drain(body: Body) -> None:
    """Read the end of the body: a connection can only be used again once it has been read."""
    with anyio.move_on_after(DRAIN_S):
        while await body.read():
            pass


def _api_error(exc: openai.APIError | httpx2.HTTPError) -> ApiError:
    """What the SDK and its transport raise, as what our caller can act on."""
    match exc:
        case httpx2.TimeoutException():
            return UpstreamTimedOut("The model stopped in the middle of its answer.")
        case httpx2.HTTPError():
            return UpstreamFailed("The connection to the model broke.")
        case openai.APITimeoutError():
            return UpstreamTimedOut("The model took too long to begin.")
        case openai.APIStatusError():
            return status_error(
                exc.status_code,
                _message(exc),
                param=exc.param,
                code=exc.code,
                retry_after=exc.response.headers.get("retry-after"),
            )
        case _:
            return UpstreamFailed("The upstream could not be reached.")


def _message(exc: openai.APIStatusError) -> str | None:
    """What the upstream says. The SDK's own message quotes the whole body."""
    said = exc.body.get("message") if isinstance(exc.body, dict) else None
    return said if isinstance(said, str) else None
