"""Who may call: service keys of the configuration, and signed keys of sessions.

A session key carries everything a turn needs to know of its session. It is verified by its
signature alone, so any replica can, with nothing to look up.
"""

import hmac
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from llm_server.errors import InvalidApiKey

SESSION_KEY_PREFIX = "sk-session-"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClaims:
    """What a session key says of its session."""

    session_id: UUID
    model: str
    """The model that answers, whatever the request names."""
    expires_at: int
    """Unix seconds."""
    agent_id: UUID | None = None
    language: str = "en"
    """What the session is spoken in; apologies follow it. BCP 47, as Simli's `language`."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever calls: a service (`session` is None), or an avatar on behalf of one session."""

    session: SessionClaims | None = None


class SessionKeys:
    """Signs and verifies session keys.

    `previous` secrets still verify but never sign, so that a secret can be changed while
    sessions run.
    """

    def __init__(self, secret: str, previous: Sequence[str] = ()) -> None:
        self._serializer = URLSafeSerializer(
            [*previous, secret],
            salt="simli-llm session key",
            signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
        )

    def sign(self, claims: SessionClaims) -> str:
        """Make the key that Simli sends back as `Authorization: Bearer`."""
        payload = asdict(claims) | {
            "session_id": claims.session_id.hex,
            "agent_id": claims.agent_id.hex if claims.agent_id else None,
        }
        return SESSION_KEY_PREFIX + str(self._serializer.dumps(payload))

    def verify(self, key: str) -> SessionClaims:
        """Read a session key. Raises InvalidApiKey if it is forged, damaged or expired."""
        try:
            payload = self._serializer.loads(key.removeprefix(SESSION_KEY_PREFIX))
            agent_id = payload.pop("agent_id")
            claims = SessionClaims(
                session_id=UUID(payload.pop("session_id")),
                agent_id=UUID(agent_id) if agent_id else None,
                **payload,
            )
        except (BadData, KeyError, TypeError, ValueError, AttributeError) as exc:
            raise InvalidApiKey("The session key is not valid.") from exc
        if claims.expires_at <= time.time():
            raise InvalidApiKey("The session key has expired: the session is over.")
        return claims


class Keyring:
    """All keys that open the streaming server."""

    def __init__(self, api_keys: Sequence[str], session_keys: SessionKeys | None) -> None:
        self._digests = [sha256(key.encode()).digest() for key in api_keys]
        self._session_keys = session_keys

    def identify(self, authorization: str | None) -> Caller:
        """Tell who sends this `Authorization` header. Raises InvalidApiKey."""
        scheme, _, key = (authorization or "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise InvalidApiKey("Send your key as 'Authorization: Bearer <key>'.")
        if key.startswith(SESSION_KEY_PREFIX) and self._session_keys:
            return Caller(self._session_keys.verify(key))
        if not self._is_service_key(key):
            raise InvalidApiKey("The API key is not valid. Use one of the server's `api_keys`.")
        return Caller()

    def _is_service_key(self, key: str) -> bool:
        # Every key is compared, always: the time taken tells nothing about which one is near.
        digest = sha256(key.encode()).digest()
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        return any(matches)
