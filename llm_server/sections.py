"""What sections of the configuration are made of."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import NoDecode


def _split(value: Any) -> Any:
    """Let an environment variable hold several keys, separated by commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _http_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("expected an http:// or https:// URL")
    return value.rstrip("/")


def _root_path(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError("expected a path such as /llm")
    return value.rstrip("/")


Names = Annotated[list[str], NoDecode, BeforeValidator(_split)]
Key = Annotated[SecretStr, Field(min_length=8)]
Keys = Annotated[list[Key], NoDecode, BeforeValidator(_split)]
Secret = Annotated[SecretStr, Field(min_length=16)]
Secrets = Annotated[list[Secret], NoDecode, BeforeValidator(_split)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
RootPath = Annotated[str, AfterValidator(_root_path)]
Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """One mapping of the file. A key that nobody reads is a mistake, not a comment."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )
