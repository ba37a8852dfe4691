"""Who may call: service keys of the configuration, and signed keys of services and sessions."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from llm_server.errors import InvalidApiKey, PermissionDenied
from llm_server.revocations import NO_REVOCATIONS, Revocations
from llm_server.signed_keys import (
    ALL_SCOPES,
    SERVICE_KEY_PREFIX,
    SESSION_KEY_PREFIX,
    Scope,
    ServiceClaims,
    ServiceKeys,
    SessionClaims,
    SessionKeys,
    check_expiry,
)

__all__ = [
    "SESSION_KEY_PREFIX",
    "Caller",
    "Keyring",
    "Scope",
    "ServiceClaims",
    "ServiceKeys",
    "SessionClaims",
    "SessionKeys",
]

# Session keys are in Simli's hands.
SESSION_SCOPES: frozenset[Scope] = frozenset({"chat", "models"})

# A session's key comes with each of its turns. Verifying takes 18 µs, remembering 0.2 µs.
REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever calls: a service (`session` is None), or an avatar on behalf of one session."""

    session: SessionClaims | None = None
    key_id: str = ""
    """What the key is counted and revoked by: a session's id, or a service key's. No secret."""
    scopes: frozenset[Scope] = ALL_SCOPES
    expires_at: int | None = None

    def require(self, scope: Scope) -> None:
        """Raises PermissionDenied."""
        if scope not in self.scopes:
            raise PermissionDenied(f"The key is not for {scope!r}.")


class Keyring:
    """All keys that open the streaming server."""

    def __init__(
        self,
        api_keys: Sequence[str],
        session_keys: SessionKeys | None,
        service_keys: ServiceKeys | None = None,
        revocations: Revocations = NO_REVOCATIONS,
    ) -> None:
        self._digests = [sha256(key.encode()).digest() for key in api_keys]
        self._callers = [Caller(key_id=f"config-{n}") for n in range(len(api_keys))]
        self._session_keys = session_keys
        self._service_keys = service_keys
        self._revocations = revocations
        # Errors are not kept: nobody can fill it with keys that open nothing.
        self._owner = lru_cache(REMEMBERED)(self._find_owner)

    def identify(self, authorization: str | None) -> Caller:
        """Tell who sends this `Authorization` header. Raises InvalidApiKey."""
        scheme, _, key = (authorization or "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise InvalidApiKey("Send your key as 'Authorization: Bearer <key>'.")
        caller = self._owner(key)
        check_expiry(caller.expires_at)
        if self._revocations.is_revoked(caller.key_id):
            raise InvalidApiKey("The key has been revoked.")
        return caller

    def _find_owner(self, key: str) -> Caller:
        if caller := self._configured(key):
            return caller
        if key.startswith(SESSION_KEY_PREFIX) and self._session_keys:
            session = self._session_keys.verify(key)
            return Caller(session, str(session.session_id), SESSION_SCOPES, session.expires_at)
        if key.startswith(SERVICE_KEY_PREFIX) and self._service_keys:
            service = self._service_keys.verify(key)
            return Caller(None, service.key_id, service.scopes, service.expires_at)
        raise InvalidApiKey("The API key is not valid. Use one of the server's `api_keys`.")

    def _configured(self, key: str) -> Caller | None:
        # Every key is compared, always: the time taken tells nothing about which one is near.
        digest = sha256(key.encode()).digest()
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        return self._callers[matches.index(True)] if any(matches) else None
