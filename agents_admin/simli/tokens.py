"""Session tokens, and the agents stored at Simli that a token starts.

A token carries keys, so that a browser may start a session without them. From Simli's OpenAPI
document (TokenRequest, SessionDetails), and of the header from its 2025 versions.
"""

import logging
import re
from enum import Enum
from typing import Any

import httpx
from pydantic import AliasChoices, Field, model_validator
from pydantic.alias_generators import to_camel

from agents_admin.simli.calls import Calls, segment
from agents_admin.simli.errors import SimliRejected
from agents_admin.simli.payload import Answer, OptionalSecret, Sent
from agents_admin.simli.repeats import when_starting
from agents_admin.simli.sessions import StartedSession

TOKEN_IN_PATH = re.compile(r"/auto/start/[^/?\s]+/[^/?\s]")


class CreateToken(Sent, alias_generator=to_camel):
    """A token for sessions with stored agents. What is None is not sent."""

    expires_at: int | None = Field(default=None, alias="expiryStamp")
    """Unix seconds. Simli's default is never."""
    llm_api_key: OptionalSecret = Field(default=None, alias="llmAPIKey")
    tts_api_key: OptionalSecret = Field(default=None, alias="ttsAPIKey")
    create_transcript: bool | None = None
    # Not strict: a list may be given too. Simli wants each but once.
    allowed_origins: frozenset[str] | None = Field(
        default=None, alias="originAllowList", strict=False
    )
    """Web pages that may use it. Without any, pages were seen to be refused."""


class SessionToken(Answer):
    required = "session token"

    session_token: str = Field(
        min_length=1,
        repr=False,
        validation_alias=AliasChoices("session_token", "sessionToken", "token"),
    )

    @model_validator(mode="before")
    @classmethod
    def _wrap_bare(cls, content: Any) -> Any:
        return {"session_token": content} if isinstance(content, str) else content


class TokenIn(Enum):
    """Where a token is written: Simli's current documents know the path only."""

    PATH = "path"
    HEADER = "header"


class TokenCalls(Calls):
    async def create_token(self, request: CreateToken) -> SessionToken:
        # Simli wants its key in the body as well as in the header.
        body = {"simliAPIKey": self._key, **request.body()}
        return SessionToken.read(
            await self._call("POST", "/auto/token", secrets=request.secrets(), json=body)
        )

    async def start_agent(
        self, agent_id: str, session_token: str, token_in: TokenIn = TokenIn.PATH
    ) -> StartedSession:
        """Start a conversation with an agent that is stored at Simli. Needs no key.

        Billed and repeated as `start_session` is.
        """
        response = await self._start_agent(agent_id, session_token, token_in, redirect=False)
        return StartedSession.read(response)

    async def start_agent_by_redirect(
        self, agent_id: str, session_token: str, token_in: TokenIn = TokenIn.PATH
    ) -> str:
        """The same, with only the room's URL for an answer: where Simli redirects to."""
        response = await self._start_agent(agent_id, session_token, token_in, redirect=True)
        if response.has_redirect_location:
            return str(response.url.join(response.headers["location"]))
        return StartedSession.read(response).room_url

    async def _start_agent(
        self, agent_id: str, token: str, token_in: TokenIn, *, redirect: bool
    ) -> httpx.Response:
        path = f"/auto/start/{segment(agent_id)}"
        options: dict[str, Any] = {
            "repeat": when_starting,
            "secrets": [token, segment(token)],
            "redirects": redirect,
            "params": {"redirect": "true"} if redirect else {},
        }
        if token_in is TokenIn.PATH:
            return await self._call_openly("GET", f"{path}/{segment(token)}", **options)
        options["headers"] = {"session-token": token.encode()}
        try:
            return await self._call_openly("POST", path, **options)
        except SimliRejected as exc:
            # Documents differ in the method, and the wrong one starts nothing.
            if exc.status != httpx.codes.METHOD_NOT_ALLOWED:
                raise
        return await self._call_openly("GET", path, **options)


def _tells_no_token(record: logging.LogRecord) -> bool:
    return not TOKEN_IN_PATH.search(record.getMessage())


# httpx logs every URL.
logging.getLogger("httpx").addFilter(_tells_no_token)
