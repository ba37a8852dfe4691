"""Keys that carry, signed, what there is to know of their owner.

They are verified by their signature alone, so any replica can, with nothing to look up.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Literal, get_args
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from llm_server.errors import InvalidApiKey

SESSION_KEY_PREFIX = "sk-session-"
SERVICE_KEY_PREFIX = "sk-service-"

Scope = Literal["chat", "models", "metrics"]
"""What a service key is for: completions, the list of models, GET /metrics."""

ALL_SCOPES: frozenset[Scope] = frozenset(get_args(Scope))


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
    """What the session is spoken in; fillers and apologies follow it. BCP 47, as at Simli."""
    voice: str | None = None
    """The voice policy, if it is not the model's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceClaims:
    """What a signed service key says of its owner."""

    key_id: str
    """What the key is revoked and counted by. No secret."""
    scopes: frozenset[Scope]
    expires_at: int | None = None
    """Unix seconds; None is never."""


class _SignedKeys:
    """Text with a signature.

    `previous` secrets still verify but never sign, so that a secret can be changed while keys
    are in use.
    """

    def __init__(self, prefix: str, salt: str, secret: str, previous: Sequence[str]) -> None:
        self._prefix = prefix
        self._serializer = URLSafeSerializer(
            [*previous, secret],
            salt=salt,
            signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
        )

    def sign(self, payload: dict[str, Any]) -> str:
        return self._prefix + str(self._serializer.dumps(payload))

    def verify(self, key: str) -> Any:
        """Raises BadData."""
        return self._serializer.loads(key.removeprefix(self._prefix))


class SessionKeys:
    """Signs and verifies session keys. `previous` secrets still verify but never sign."""

    def __init__(self, secret: str, previous: Sequence[str] = ()) -> None:
        self._keys = _SignedKeys(SESSION_KEY_PREFIX, "simli-llm session key", secret, previous)

    def sign(self, claims: SessionClaims) -> str:
        """Make the key that Simli sends back as `Authorization: Bearer`."""
        return self._keys.sign(
            asdict(claims)
            | {
                "session_id": claims.session_id.hex,
                "agent_id": claims.agent_id.hex if claims.agent_id else None,
            }
        )

    def verify(self, key: str) -> SessionClaims:
        """Read a session key. Raises InvalidApiKey if it is forged, damaged or expired."""
        try:
            payload = self._keys.verify(key)
            agent_id = payload.pop("agent_id")
            claims = SessionClaims(
                session_id=UUID(payload.pop("session_id")),
                agent_id=UUID(agent_id) if agent_id else None,
                **payload,
            )
        except (BadData, KeyError, TypeError, ValueError, AttributeError) as exc:
            raise InvalidApiKey("The session key is not valid.") from exc
        check_expiry(claims.expires_at)
        return claims


class ServiceKeys:
    """Signs and verifies service keys. `previous` secrets still verify but never sign."""

    def __init__(self, secret: str, previous: Sequence[str] = ()) -> None:
        self._keys = _SignedKeys(SERVICE_KEY_PREFIX, "simli-llm service key", secret, previous)

    def sign(self, claims: ServiceClaims) -> str:
        """Make the key that a service sends as `Authorization: Bearer`."""
        return self._keys.sign(asdict(claims) | {"scopes": sorted(claims.scopes)})

    def verify(self, key: str) -> ServiceClaims:
        """Read a service key. Raises InvalidApiKey if it is forged, damaged or expired."""
        try:
            payload = self._keys.verify(key)
            claims = ServiceClaims(scopes=frozenset(payload.pop("scopes")), **payload)
        except (BadData, KeyError, TypeError, ValueError, AttributeError) as exc:
            raise InvalidApiKey("The service key is not valid.") from exc
        check_expiry(claims.expires_at)
        return claims


def check_expiry(expires_at: int | None) -> None:
    """Raises InvalidApiKey."""
    if expires_at is not None and expires_at <= time.time():
        raise InvalidApiKey("The key has expired. A session's key ends with its session.")
