"""What the streaming server can be told, read from one YAML file and then the environment.

`agents_admin` extends `Settings` with its own sections; both read the same file.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from llm_server.settings_problems import InvalidSettings, describe

ENV_PREFIX = "SIMLI_LLM_"
CONFIG_VARIABLE = "SIMLI_LLM_CONFIG"
DEFAULT_CONFIG = Path("simli-llm.yaml")

# Sections of the same file that only agents_admin reads. The streaming server alone
# accepts and ignores them, so that one file serves both.
FOREIGN_SECTIONS = frozenset({"public_url", "database_url", "simli", "admin"})

S = TypeVar("S", bound="Settings")


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


Key = Annotated[SecretStr, Field(min_length=8)]
Keys = Annotated[list[Key], NoDecode, BeforeValidator(_split)]
Secret = Annotated[SecretStr, Field(min_length=16)]
Secrets = Annotated[list[Secret], NoDecode, BeforeValidator(_split)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """One mapping of the file. A key that nobody reads is a mistake, not a comment."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )


class ModelSettings(Section):
    """A model that callers may ask for: which backend answers, and who answers if it cannot."""

    backend: str
    # Not shown: options hold the keys of upstreams.
    options: dict[str, Any] = Field(default_factory=dict, repr=False)
    fallbacks: list[str] = Field(default_factory=list)


class Limits(Section):
    """What one request, one caller and all callers together may take."""

    body_bytes: int = Field(default=4 * 1024 * 1024, gt=0)
    # Of one request. A conversation of hours; more is a caller that never forgets.
    messages: int = Field(default=2000, gt=0)
    # Open at once, in all: one core relays about that many.
    streams: int = Field(default=1000, gt=0)
    # For one service key. Less than all, so that no caller shuts the others out.
    streams_per_key: int = Field(default=200, gt=0)
    # An avatar has one, and a second while a barge-in ends the first; Simli may ask ahead.
    streams_per_session: int = Field(default=4, gt=0)
    # From the headers to the last byte of the body.
    body_s: Seconds = 10
    # The upstream's silence before the first event, between two, and all of its answer.
    first_event_s: Seconds = 60
    stall_s: Seconds = 60
    stream_s: Seconds = 600


class Lifetime(Section):
    """How long connections and streams live, in seconds."""

    # Turns of a conversation come every 5 to 30 s. A connection closed between two of
    # them costs a new TCP and TLS handshake, which is heard.
    keep_alive_s: int = Field(default=300, gt=0)
    # LiveKit gives up after 10 s without a byte.
    ping_s: float = Field(default=4, gt=0)
    # How long after SIGTERM /readyz says no while requests are still taken, so that a load
    # balancer can notice.
    drain_s: float = Field(default=0, ge=0)
    # How long running streams may go on after that.
    shutdown_grace_s: int = Field(default=30, ge=0)


class KeySettings(Section):
    """How signed keys are checked."""

    revocations_refresh_s: Seconds = 10


class MetricsSettings(Section):
    """GET /metrics."""

    # The server is on the internet, because Simli calls it there, and traffic is nobody's business.
    public: bool = False


class LogSettings(Section):
    """What the log looks like."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["text", "json"] = "text"


class Cors(Section):
    """Which web pages may call the server from a browser."""

    allow_origins: Annotated[list[str], NoDecode, BeforeValidator(_split)] = Field(
        default_factory=list
    )


class Settings(BaseSettings):
    """Settings of the streaming server."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    api_keys: Keys = Field(default_factory=list)
    session_secret: Secret | None = None
    # They verify and never sign, so that the secret can be changed while sessions run.
    previous_session_secrets: Secrets = Field(default_factory=list)
    models: Annotated[dict[str, ModelSettings], Field(min_length=1)] = Field(
        default_factory=lambda: {"mock": ModelSettings(backend="mock")}
    )
    limits: Limits = Limits()
    lifetime: Lifetime = Lifetime()
    keys: KeySettings = KeySettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    cors: Cors = Cors()
    # What a proxy puts before every path, whether it takes it off again or not.
    root_path: Annotated[str, AfterValidator(_root_path)] = ""

    @model_validator(mode="after")
    def _fallbacks_exist(self) -> Self:
        for name, model in self.models.items():
            for fallback in model.fallbacks:
                if fallback == name or fallback not in self.models:
                    raise ValueError(
                        f"models.{name}.fallbacks: expected names of other models, "
                        f"got {fallback!r}; there are {', '.join(self.models)}"
                    )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # File and environment come in through the constructor, put together by load_settings.
        return (init_settings,)


def load_settings(
    settings_type: type[S],
    config: Path | None = None,
    *,
    ignore: frozenset[str] = frozenset(),
    environ: Mapping[str, str] = os.environ,
) -> S:
    """Read the file and the environment.

    The file is `config`, or what SIMLI_LLM_CONFIG names, or simli-llm.yaml if there is one.
    A variable overrides one value: SIMLI_LLM_SIMLI__API_KEY is `simli.api_key`. Top-level keys
    in `ignore` are skipped. Raises InvalidSettings, which names every wrong key by its path.
    """
    path = config or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    if path is None and DEFAULT_CONFIG.is_file():
        path = DEFAULT_CONFIG
    content = _read(path) if path else {}
    _refuse_unknown_variables(settings_type, ignore, environ)
    try:
        overrides = _from_environment(settings_type, environ)
        content = {key: value for key, value in content.items() if key not in ignore}
        return settings_type(**_merged(content, overrides))
    except ValidationError as exc:
        raise InvalidSettings(describe(exc, settings_type), path) from exc
    except SettingsError as exc:
        raise InvalidSettings([f"environment: {exc}: expected JSON"], path) from exc


def _from_environment(settings_type: type[Settings], environ: Mapping[str, str]) -> dict[str, Any]:
    source = EnvSettingsSource(settings_type)
    source.env_vars = {name.lower(): value for name, value in environ.items()}
    return source()


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Sections are merged key by key, everything else is replaced."""
    merged = below | above
    for name in below.keys() & above.keys():
        if isinstance(below[name], dict) and isinstance(above[name], dict):
            merged[name] = _merged(below[name], above[name])
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise InvalidSettings([f"cannot be read: {exc.strerror}"], path) from exc
    except (
        yaml.YAMLError,
        ValueError,
    ) as exc:  # ValueError: not UTF-8, or a date such as 2026-13-01.
        raise InvalidSettings([f"is not valid YAML: {_where(exc)}"], path) from exc
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InvalidSettings(["expected a mapping of keys to values at the top"], path)
    return content


def _where(exc: yaml.YAMLError | ValueError) -> str:
    """Say where it is broken without quoting the file: it may be a key that is quoted."""
    mark = getattr(exc, "problem_mark", None)
    if mark is None:
        return "expected UTF-8 text, and dates that exist"
    problem = re.sub(r"'[^']{2,}'", "…", str(getattr(exc, "problem", "")))
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


def _refuse_unknown_variables(
    settings_type: type[Settings], ignore: frozenset[str], environ: Mapping[str, str]
) -> None:
    known = {*settings_type.model_fields, *ignore, "config"}
    for name in environ:
        if not name.startswith(ENV_PREFIX):
            continue
        key = name.removeprefix(ENV_PREFIX).lower().split("__")[0]
        if key not in known:
            raise InvalidSettings([f"environment: {name}: there is no setting {key!r}"], None)
