"""Every call to Simli's REST API, typed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import ValidationError
from pydantic_core import from_json

from agents_admin.settings import SimliSettings
from agents_admin.simli.errors import (
    SimliConfused,
    SimliKeyMissing,
    SimliRejected,
    SimliUnreachable,
)
from agents_admin.simli.payloads import (
    StartedSession,
    StartSession,
    TranscriptAnswer,
    TranscriptNotReady,
    TranscriptReady,
    Usage,
)
from agents_admin.simli.reasons import explain

KEY_HEADER = "x-simli-api-key"
OLD_KEY_HEADER = "api-key"

# A start allocates a room and an avatar, which takes seconds.
TIMEOUT = httpx.Timeout(10, connect=5, read=30)


class SimliClient:
    """Simli's API. Every method raises a SimliError and nothing else."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        """Take a client with base URL, timeouts and the key's header; `connect` makes one."""
        self._http = http

    async def start_session(self, request: StartSession) -> StartedSession:
        """Start a conversation. Asking twice starts two, and Simli bills both: never retried."""
        response = await self._call(
            "POST",
            "/auto/start/configurable",
            secrets=request.secrets,
            json=request.model_dump(exclude_none=True),
        )
        try:
            return StartedSession.model_validate_json(response.content)
        except ValidationError as exc:
            raise SimliConfused("Simli's answer has no session and room in it.") from exc

    async def transcript(self, simli_session_id: str) -> TranscriptAnswer:
        """Ask for the transcript of a session. Idempotent.

        Versions of Simli's documentation differ in the names of the parameter and of the
        header, so all are sent.
        """
        try:
            response = await self._call(
                "GET",
                f"/auto/transcript/{quote(simli_session_id, safe='')}",
                params={"sessionId": simli_session_id, "session_id": simli_session_id},
                headers={OLD_KEY_HEADER: self._http.headers.get(KEY_HEADER, "")},
            )
        except SimliRejected as exc:
            if exc.status == httpx.codes.NOT_FOUND:
                return TranscriptNotReady()
            raise
        if response.status_code == httpx.codes.ACCEPTED:
            return TranscriptNotReady()
        return _read_transcript(response.content)

    async def usage(self) -> Usage:
        """Ask how much is in use: cheap, idempotent, and only a valid key is told."""
        response = await self._call("GET", "/ratelimiter/sessions")
        try:
            usage = Usage.model_validate_json(response.content)
        except ValidationError as exc:
            raise SimliConfused("Simli's answer has no number of sessions in it.") from exc
        return usage.model_copy(update={"date": response.headers.get("date")})

    async def _call(
        self, method: str, path: str, *, secrets: Sequence[str] = (), **options: Any
    ) -> httpx.Response:
        key = self._http.headers.get(KEY_HEADER)
        if not key:
            raise SimliKeyMissing("`simli.api_key` is not set.")
        try:
            response = await self._http.request(method, path, **options)
        # Not only TransportError: an answer may be compressed and broken, or redirect for ever.
        except httpx.RequestError as exc:
            # Without the message: one about a header quotes the key in it.
            raise SimliUnreachable(_why(exc)) from exc
        if response.is_success:
            return response
        reason = f"{response.status_code} {explain(response.content, [key, *secrets])}".strip()
        if response.is_client_error:
            raise SimliRejected(reason, response.status_code)
        if response.is_server_error:
            raise SimliUnreachable(reason)
        raise SimliConfused(f"{reason} is no answer to {method}.")


def _why(exc: httpx.RequestError) -> str:
    match exc:
        case httpx.ConnectTimeout() | httpx.ConnectError():
            return f"no connection ({type(exc).__name__})"
        case httpx.ReadTimeout():
            return f"no answer within {TIMEOUT.read:g} s, so it may have acted all the same"
    return f"the connection broke ({type(exc).__name__})"


def _read_transcript(content: bytes) -> TranscriptAnswer:
    try:
        raw = from_json(content, allow_inf_nan=False) if content.strip() else None
    except ValueError as exc:
        raise SimliConfused("Simli's answer is not JSON.") from exc
    return TranscriptReady(raw) if raw else TranscriptNotReady()


@asynccontextmanager
async def connect(
    settings: SimliSettings, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[SimliClient]:
    """A client for as long as the block runs. Without a key it starts, and refuses every call."""
    key = settings.api_key.get_secret_value().strip() if settings.api_key else ""
    async with httpx.AsyncClient(
        base_url=settings.base_url, timeout=TIMEOUT, transport=transport
    ) as http:
        # httpx takes ASCII alone otherwise; a key of other characters is for Simli to refuse.
        http.headers.encoding = "utf-8"
        if key:
            http.headers[KEY_HEADER] = key
        yield SimliClient(http)
