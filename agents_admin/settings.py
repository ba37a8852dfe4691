"""Settings of the whole product: those of the streaming server, and what agents_admin adds."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

import llm_server
from llm_server.sections import HttpUrl, Keys, Secret, Section

ASYNC_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}


def _database_url(value: str) -> str:
    try:
        url = make_url(value)
    except ArgumentError:
        raise ValueError(f"expected {' or '.join(ASYNC_DRIVERS.values())}://…") from None
    driver = ASYNC_DRIVERS.get(url.get_backend_name())
    if driver is None or url.drivername not in (driver, url.get_backend_name()):
        raise ValueError(f"expected {' or '.join(ASYNC_DRIVERS.values())}://…")
    return url.set(drivername=driver).render_as_string(hide_password=False)


class LlmHook(StrEnum):
    """How Simli is told to call us. Its documentation and users disagree on what it honours."""

    BOTH = "both"
    CUSTOM_LLM_CONFIG = "custom_llm_config"
    LLM_CONFIG = "llm_config"


class SimliSettings(Section):
    """Simli's API, or the local simulator."""

    api_key: SecretStr | None = None
    base_url: HttpUrl = "https://api.simli.ai"
    llm_hook: LlmHook = LlmHook.BOTH


class AdminSettings(Section):
    """The REST API of agents_admin."""

    keys: Keys = Field(default_factory=list)
    # What the digests of stored keys are made with; None is the session secret.
    pepper: Secret | None = None
    # Of each key, in each process.
    requests_per_minute: int = Field(default=600, gt=0)


class Settings(llm_server.Settings):
    """Everything `simli-llm.yaml` may hold."""

    public_url: HttpUrl = "http://127.0.0.1:8080"
    """What Simli is told to call. Simli calls over the internet, so it must be reachable there."""
    # Not shown: it may hold a password.
    database_url: Annotated[str, AfterValidator(_database_url)] = Field(
        default="sqlite+aiosqlite:///simli-llm.db", repr=False
    )
    simli: SimliSettings = SimliSettings()
    admin: AdminSettings = AdminSettings()

    def replace(self, **values: Any) -> "Settings":
        """A copy with other values, which are trusted."""
        return self.model_copy(update=values)
