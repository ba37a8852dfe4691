"""How admin keys are stored: as digests that are worth nothing without a secret."""

import hmac
from hashlib import sha256

from agents_admin.errors import NotConfigured
from agents_admin.settings import Settings

_PURPOSE = b"simli-llm admin key"


def require_session_secret(settings: Settings) -> str:
    """Raises NotConfigured."""
    if settings.session_secret is None:
        raise NotConfigured(
            "Keys need a secret. Set `session_secret` (or SIMLI_LLM_SESSION_SECRET), "
            "the same for every replica."
        )
    return settings.session_secret.get_secret_value()


def digest_of(key: str, settings: Settings) -> str:
    """What is stored of a new key. Raises NotConfigured."""
    pepper = settings.admin.pepper
    return _digest(key, pepper.get_secret_value() if pepper else require_session_secret(settings))


def possible_digests(key: str, settings: Settings) -> list[str]:
    """What may be stored of a key: the secret may have changed since it was made."""
    if settings.admin.pepper:
        secrets = [settings.admin.pepper]
    else:
        current = [settings.session_secret] if settings.session_secret else []
        secrets = [*current, *settings.previous_session_secrets]
    return [_digest(key, secret.get_secret_value()) for secret in secrets]


def _digest(key: str, secret: str) -> str:
    # Not the secret as it is: that one signs.
    pepper = hmac.digest(secret.encode(), _PURPOSE, sha256)
    return hmac.new(pepper, key.encode(), sha256).hexdigest()
