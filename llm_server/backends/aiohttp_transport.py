"""aiohttp under the SDK's HTTP client.

httpx2's own transport costs 1.4 ms of CPU for a small request; aiohttp, whose parser is C, 0.3 ms.
The SDK brings an adapter of its own, but it reads in slices and takes a broken connection for a
time-out.
"""

import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx2

# Turns of a conversation come every 5 to 30 s, and a new connection costs a TLS handshake.
KEEP_ALIVE_S = 120

# Where a response has its body, without the four layers that httpx2 puts around it.
BODY = "simli_llm_body"

# Where a prepared request has what aiohttp is told.
ARGUMENTS = "simli_llm_arguments"


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Sends requests of httpx2 through one pool of aiohttp."""

    def __init__(self, tls: ssl.SSLContext, proxy: str | None = None) -> None:
        self._tls = tls
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._session is None:
            # Not in __init__: it belongs to the running loop.
            self._session = self._open_session()
        try:
            response = await self._session.request(
                **request.extensions.get(ARGUMENTS) or _arguments(request),
                data=request.read(),
                allow_redirects=False,
                proxy=self._proxy,
            )
        except Exception as exc:
            raise _translate(exc, request) from exc
        body = Body(response, request)
        return httpx2.Response(
            response.status,
            # aiohttp has undone it; httpx2 would try to once more.
            headers=[h for h in response.raw_headers if h[0].lower() != b"content-encoding"],
            stream=body,
            request=request,
            extensions={BODY: body},
        )

    def _open_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S, ssl=self._tls)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def aclose(self) -> None:
        if self._session:
            await self._session.close()


class PreparedRequest:
    """A request whose body alone changes. What aiohttp needs to know is worked out once."""

    def __init__(self, request: httpx2.Request) -> None:
        self._request = request
        # aiohttp counts the bytes of each body itself.
        del request.headers["content-length"]
        self._extensions = {**request.extensions, ARGUMENTS: _arguments(request)}

    def with_body(self, body: bytes) -> httpx2.Request:
        return httpx2.Request(
            self._request.method,
            self._request.url,
            headers=self._request.headers,
            stream=httpx2.ByteStream(body),
            extensions=self._extensions,
        )


def _arguments(request: httpx2.Request) -> dict[str, Any]:
    limits = request.extensions["timeout"]
    return {
        "method": request.method,
        "url": str(request.url),
        "headers": dict(request.headers),
        "timeout": aiohttp.ClientTimeout(
            connect=limits["pool"], sock_connect=limits["connect"], sock_read=limits["read"]
        ),
    }


class Body(httpx2.AsyncByteStream):
    """An answer's body, in the pieces in which it arrives."""

    def __init__(self, response: aiohttp.ClientResponse, request: httpx2.Request) -> None:
        self._response = response
        self._content = response.content
        self._request = request

    async def read(self) -> bytes:
        """Whatever has arrived, as soon as there is something; nothing at the end."""
        try:
            return await self._content.readany()
        except Exception as exc:
            raise _translate(exc, self._request) from exc

    @property
    def is_json(self) -> bool:
        """Whether it is one JSON document, and no stream of events."""
        return self._response.content_type == "application/json"

    @property
    def at_end(self) -> bool:
        """Whether all of it has been read: then its connection can be used again."""
        return self._content.at_eof()

    def close(self) -> None:
        """Let go, at once. A body that is not at its end takes its connection with it."""
        self._response.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self.read():
            yield piece

    async def aclose(self) -> None:
        self.close()


def _translate(exc: Exception, request: httpx2.Request) -> Exception:
    """aiohttp's error as one that the SDK expects of a transport."""
    kind: type[httpx2.TransportError]
    match exc:
        case aiohttp.ConnectionTimeoutError():
            kind = httpx2.ConnectTimeout
        case TimeoutError():
            kind = httpx2.ReadTimeout
        case aiohttp.ClientConnectorError():
            kind = httpx2.ConnectError
        case aiohttp.InvalidURL():
            kind = httpx2.UnsupportedProtocol
        case aiohttp.ClientError() | OSError():
            kind = httpx2.ReadError
        case _:
            return exc
    return kind(str(exc), request=request)
