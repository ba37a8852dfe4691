"""Where Simli would call, and with which key."""

import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import TypeAdapter

from agents_admin.settings import Settings
from llm_server import SessionClaims, SessionKeys
from llm_server.sections import HttpUrl

CHAT = "/chat/completions"

# What Simli asks for where nobody named a model.
SIMLI_DEFAULT_MODEL = "gpt-4o-mini"

_http_url: TypeAdapter[str] = TypeAdapter(HttpUrl)

# Longer than the examination, and short enough that a key which leaks is soon worth nothing.
KEY_LIFE_S = 600


class KeyNeeded(Exception):
    """There is no key that may be sent there."""


@dataclass(frozen=True, slots=True)
class Target:
    """A custom LLM as it is described to Simli: base URL, key and model."""

    base_url: str
    model: str
    key: str | None = field(repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.base_url).port or (443 if self.encrypted else 80)

    @property
    def encrypted(self) -> bool:
        return urlsplit(self.base_url).scheme == "https"

    @property
    def chat_url(self) -> str:
        """Simli appends this, whatever it was given."""
        return f"{self.base_url}{CHAT}"

    def other_urls(self) -> list[str]:
        """Where the same server may answer if it does not under `chat_url`."""
        bare = self.base_url.removesuffix(CHAT)
        above = bare.removesuffix("/v1")
        parts = urlsplit(self.base_url)
        host = f"{parts.scheme}://{parts.netloc}"
        bases = [bare, f"{above}/v1", above, f"{host}/v1", host, f"{host}/api/v1"]
        urls = dict.fromkeys(f"{base}{CHAT}" for base in bases)
        return [url for url in urls if url != self.chat_url]


def check_url(text: str) -> str:
    """A base URL without a slash at its end. Raises ValueError."""
    return _http_url.validate_python(text)


def own_base_url(settings: Settings) -> str:
    return f"{settings.public_url}/v1"


def make_session_key(settings: Settings, model: str) -> str | None:
    """A key such as an avatar calls with, for a session that exists nowhere else."""
    if settings.session_secret is None:
        return None
    claims = SessionClaims(
        session_id=uuid4(), model=model, expires_at=int(time.time()) + KEY_LIFE_S
    )
    return SessionKeys(settings.session_secret.get_secret_value()).sign(claims)
