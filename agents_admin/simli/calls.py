"""The one place that speaks to Simli: keys, time limits, repetition, errors."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import anyio
import httpx

from agents_admin.simli.errors import (
    SimliConfused,
    SimliError,
    SimliKeyMissing,
    SimliRateLimited,
    SimliRejected,
    SimliUnreachable,
)
from agents_admin.simli.reasons import explain, named_members
from agents_admin.simli.repeats import Repeat, read_retry_after, unless_sent, when_reading

logger = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]

KEY_HEADER = "x-simli-api-key"

# A start allocates a room and an avatar, which takes seconds.
TIMEOUT = httpx.Timeout(10, connect=5, read=30)

READING: Mapping[str, Any] = {"repeat": when_reading, "timeout": httpx.Timeout(10, connect=5)}
"""The options of calls that change nothing."""

NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Calls:
    """What every kind of calls is made with. All of them raise a SimliError and nothing else."""

    def __init__(self, http: httpx.AsyncClient, key: str = "", sleep: Sleep = anyio.sleep) -> None:
        """Take a client with base URL and timeouts, and Simli's key; `connect` makes all that."""
        self._http = http
        self._key = key
        self._sleep = sleep

    async def _call(
        self,
        method: str,
        path: str,
        *,
        repeat: Repeat = unless_sent,
        secrets: Sequence[str] = (),
        **options: Any,
    ) -> httpx.Response:
        """Ask with the key. `options` are httpx's; `secrets` are taken out of every reason."""
        if not self._key:
            raise SimliKeyMissing("`simli.api_key` is not set.")
        # As bytes: httpx takes ASCII alone, and a key of other characters is Simli's to refuse.
        headers = {KEY_HEADER: self._key.encode(), **options.pop("headers", {})}
        return await self._call_openly(
            method, path, repeat=repeat, secrets=[self._key, *secrets], headers=headers, **options
        )

    async def _call_openly(
        self,
        method: str,
        path: str,
        *,
        repeat: Repeat = unless_sent,
        secrets: Sequence[str] = (),
        redirects: bool = False,
        **options: Any,
    ) -> httpx.Response:
        """Ask where Simli needs no key. A redirect is an answer only if asked for."""
        failed = 0
        while True:
            try:
                response = await self._ask(method, path, options)
                if response.is_success or (redirects and response.has_redirect_location):
                    return response
                raise _failure(response, secrets)
            except SimliError as exc:
                wait_s = repeat(exc, failed)
                if wait_s is None:
                    raise
                logger.info("Simli: %s. Asked again in %.1f s", exc.reason, wait_s)
            await self._sleep(wait_s)
            failed += 1

    async def _ask(self, method: str, path: str, options: Mapping[str, Any]) -> httpx.Response:
        try:
            return await self._http.request(method, path, **options)
        # httpx quotes a header that it cannot send: the key.
        except httpx.LocalProtocolError:
            raise SimliUnreachable("the request cannot be sent as it is", sent=False) from None
        # Not only TransportError: an answer may be compressed and broken, or redirect for ever.
        except httpx.RequestError as exc:
            raise SimliUnreachable(_why(exc), sent=not isinstance(exc, NOTHING_SENT)) from exc


def segment(text: str) -> str:
    """One segment of a path, whatever is in it."""
    if text in ("", ".", ".."):
        raise SimliConfused(f"{text!r} is no id of Simli's.")
    return quote(text, safe="")


def _why(exc: httpx.RequestError) -> str:
    # Without the message, which may quote what was sent.
    match exc:
        case httpx.ConnectTimeout() | httpx.ConnectError():
            return f"no connection ({type(exc).__name__})"
        case httpx.ReadTimeout():
            read_s = exc.request.extensions["timeout"]["read"]
            return f"no answer within {read_s:g} s, so it may have acted all the same"
    return f"the connection broke ({type(exc).__name__})"


def _failure(response: httpx.Response, secrets: Sequence[str]) -> SimliError:
    status, body = response.status_code, response.content
    reason = explain(status, body, secrets)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return SimliRateLimited(reason, read_retry_after(response.headers.get("retry-after")))
    if response.is_client_error:
        return SimliRejected(reason, status, named_members(body))
    if response.is_server_error:
        return SimliUnreachable(reason, sent=True)
    return SimliConfused(f"{reason} is no answer to {response.request.method}.")
