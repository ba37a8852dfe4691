"""What the streaming server can be told. `settings_file` reads it from a file and the environment.

`agents_admin` extends `Settings` with its own sections; both read the same file.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from llm_server.model_settings import ModelSettings
from llm_server.sections import HttpUrl, Keys, Names, RootPath, Seconds, Secret, Secrets, Section
from llm_server.voice.policy import VoiceSettings

ENV_PREFIX = "SIMLI_LLM_"


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
    # From the connection, or the first byte on one that is used again, to the last header.
    head_s: Seconds = 10
    # From the headers to the last byte of the body.
    body_s: Seconds = 10
    # The upstream's silence before the first event, between two, and all of its answer.
    first_event_s: Seconds = 60
    stall_s: Seconds = 20
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
    """GET /metrics, and pushing the same to an OpenTelemetry collector."""

    # The server is on the internet, because Simli calls it there, and traffic is nobody's business.
    public: bool = False
    # As OTEL_EXPORTER_OTLP_ENDPOINT has it: /v1/metrics is added.
    otlp_endpoint: HttpUrl | None = None
    # Not shown: they hold the key of whoever keeps the metrics.
    otlp_headers: dict[str, str] = Field(default_factory=dict, repr=False)
    otlp_every_s: Seconds = 60


class LogSettings(Section):
    """What the log looks like."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["text", "json"] = "text"


class Cors(Section):
    """Which web pages may call the server from a browser."""

    allow_origins: Names = Field(default_factory=list)


DEFAULT_VOICE = "default"


def _with_default(voices: dict[str, VoiceSettings]) -> dict[str, VoiceSettings]:
    return {DEFAULT_VOICE: VoiceSettings(), **voices}


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
    # How avatars speak, by the name of the policy.
    voices: Annotated[dict[str, VoiceSettings], AfterValidator(_with_default)] = Field(
        default_factory=lambda: _with_default({})
    )
    limits: Limits = Limits()
    lifetime: Lifetime = Lifetime()
    keys: KeySettings = KeySettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    cors: Cors = Cors()
    # What a proxy puts before every path, whether it takes it off again or not.
    root_path: RootPath = ""

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

    @model_validator(mode="after")
    def _voices_exist(self) -> Self:
        for name, model in self.models.items():
            if model.voice and model.voice not in self.voices:
                raise ValueError(
                    f"models.{name}.voice: expected one of {', '.join(self.voices)}, "
                    f"got {model.voice!r}"
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
