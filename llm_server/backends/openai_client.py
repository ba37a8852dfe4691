"""The SDK's client, asking for one thing only: chat completions, of which only the body is new.

The SDK and its HTTP client take 155 µs to put a request together. The address, the headers and the
options are the same each time: made once, 25 are left.
"""

from typing import Any

import httpx2
import openai
from openai._models import FinalRequestOptions

from llm_server.backends.aiohttp_transport import AiohttpTransport, PreparedRequest

# Compressed, pieces of an answer would be held back until there is enough to compress.
HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


class CompletionsClient(openai.AsyncOpenAI):
    """Key, headers, hooks and errors are the SDK's. Its options are fixed once it has asked."""

    def __init__(self, transport: AiohttpTransport, **options: Any) -> None:
        super().__init__(http_client=DirectClient(transport), **options)
        self._asking = FinalRequestOptions.construct(
            method="post",
            url="/chat/completions",
            headers=HEADERS,
            # Or the SDK draws one from the system's random numbers, and then does not send it.
            idempotency_key="unused",
        )
        self._prepared: PreparedRequest | None = None

    async def ask(self, body: bytes) -> httpx2.Response:
        """Send a request's body; the response's has not been read. Raises openai.APIError."""
        # Streamed, and yet a plain response: the SDK's types know no such thing.
        response: Any = await self.request(
            httpx2.Response,
            self._asking.model_copy(update={"content": body}),
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )
        plain: httpx2.Response = response
        return plain

    def _build_request(
        self, options: FinalRequestOptions, *, retries_taken: int = 0
    ) -> httpx2.Request:
        if options.url != self._asking.url:
            return super()._build_request(options, retries_taken=retries_taken)
        if self._prepared is None:
            # Not in __init__: the SDK looks up its platform in the first request.
            self._prepared = PreparedRequest(super()._build_request(self._asking))
        assert isinstance(options.content, bytes)
        return self._prepared.with_body(options.content)


class DirectClient(httpx2.AsyncClient):
    """Sends without what httpx2 does about redirects, cookies and hooks, which nobody asked for.

    Cookies of one caller's answer would go along with the next caller's request.
    """

    def __init__(self, transport: AiohttpTransport) -> None:
        super().__init__(transport=transport)
        self._straight = transport

    async def send(
        self, request: httpx2.Request, *, stream: bool = False, **_: object
    ) -> httpx2.Response:
        response = await self._straight.handle_async_request(request)
        if not stream:
            await response.aread()
        return response
