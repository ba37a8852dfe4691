"""What the backend `openai` can be told."""

import os
import ssl
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from llm_server.sections import HttpUrl, Section

OPENAI_URL = "https://api.openai.com/v1"


class OpenAIOptions(Section):
    """Where the upstream is, and what is sent to it."""

    base_url: HttpUrl = OPENAI_URL
    api_key_env: str | None = None
    """The environment variable that holds the key, such as GROQ_API_KEY."""
    api_key: Annotated[SecretStr | None, Field(validate_default=True)] = None
    """Without one, OPENAI_API_KEY is used at OpenAI itself, and no key anywhere else."""
    model: str | None = None
    """The upstream's name for the model; by default the name it has here."""
    organization: str | None = None
    project: str | None = None
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Members added to a request that does not have them, such as `max_tokens`."""
    extra_headers: dict[str, str] = Field(default_factory=dict, repr=False)
    connect_timeout_s: Annotated[float, Field(gt=0)] = 1
    read_timeout_s: Annotated[float, Field(gt=0)] = 60
    """How long the upstream may be silent, before the first token and between two."""
    proxy: HttpUrl | None = None
    """By default what HTTPS_PROXY, HTTP_PROXY and NO_PROXY say."""
    ca_file: Path | None = None
    """Certificates that are trusted instead of the system's."""
    connections_ahead: Annotated[int, Field(ge=0, le=100)] = 0
    """Connections opened at the start and kept open, so that no turn waits for a handshake.

    Each costs the upstream a `GET /models` every 100 seconds.
    """

    @field_validator("ca_file")
    @classmethod
    def _is_readable(cls, path: Path | None) -> Path | None:
        try:
            ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError):
            raise ValueError("expected a file with certificates (PEM)") from None
        return path

    @field_validator("api_key_env")
    @classmethod
    def _is_set(cls, variable: str | None) -> str | None:
        if variable and not os.environ.get(variable):
            raise ValueError(f"there is no environment variable {variable}")
        return variable

    @field_validator("api_key")
    @classmethod
    def _from_environment(cls, key: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        at_openai = others.data.get("base_url") == OPENAI_URL
        variable = others.data.get("api_key_env") or ("OPENAI_API_KEY" if at_openai else "")
        found = os.environ.get(variable)
        if at_openai and not (key or found):
            raise ValueError("expected a key, here or in OPENAI_API_KEY")
        return key or (SecretStr(found) if found else None)

    @property
    def proxy_url(self) -> str | None:
        url = urlsplit(self.base_url)
        if self.proxy or proxy_bypass(url.hostname or ""):
            return self.proxy
        return getproxies().get(url.scheme)
