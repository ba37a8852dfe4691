"""Is this installation complete? Its configuration, and what that leads to."""

from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from agents_admin import migrate, simli
from agents_admin.doctor.access import compare_clocks
from agents_admin.doctor.checks import Check
from agents_admin.doctor.exchange import clock_skew_s
from agents_admin.doctor.findings import Judgement, failed, ok, warning
from agents_admin.doctor.reach import TUNNEL, is_inside
from agents_admin.migrate import SchemaState
from agents_admin.settings import Settings
from agents_admin.simli import SimliError, SimliKeyMissing, SimliRejected, Usage
from llm_server import InvalidSettings
from llm_server.backends.registry import make_backend

DATABASE_S = 8


@dataclass(slots=True)
class Installation:
    """What is looked at. `usage` is what Simli said, for the check that comes after."""

    settings: Settings | InvalidSettings
    simli_transport: httpx.AsyncBaseTransport | None = None
    usage: Usage | None = field(default=None, init=False)

    @property
    def read(self) -> Settings:
        """The settings, for checks that need them to be readable."""
        assert isinstance(self.settings, Settings)
        return self.settings


async def configuration(installation: Installation) -> Judgement:
    settings = installation.settings
    if isinstance(settings, InvalidSettings):
        return failed(str(settings), "Correct what is named.")
    if "models" not in settings.model_fields_set:
        return warning(
            "No models are configured: the mock answers.",
            "Write `models` into simli-llm.yaml, and start where it lies, or with --config.",
        )
    return ok(f"It can be read, and has the models {', '.join(settings.models)}.")


async def models(installation: Installation) -> Judgement:
    settings = installation.read
    try:
        for name, model in settings.models.items():
            await make_backend(name, model).aclose()
    except InvalidSettings as exc:
        return failed(str(exc), "Correct it; `simli-llm backends` lists all options.")
    scripted = [name for name, model in settings.models.items() if model.backend == "mock"]
    if len(scripted) == len(settings.models):
        return warning(
            "Only the mock answers, with what it was told to say.",
            "Add a model with a real backend, such as `openai`.",
        )
    return ok("Each model has a backend, and options that it takes.")


async def session_secret(installation: Installation) -> Judgement:
    if installation.read.session_secret is None:
        return failed(
            "There is no secret to sign the keys of sessions with.",
            "Set `session_secret`, the same in all processes; with SQLite, `simli-llm serve`"
            " makes one at its first start.",
        )
    return ok("There is one to sign the keys of sessions with.")


async def public_url(installation: Installation) -> Judgement:
    """By its spelling alone: the name is looked up where the URL itself is examined."""
    url = installation.read.public_url
    if is_inside(httpx.URL(url).host):
        return failed(f"{url} is known only here.", f"Set `public_url`. {TUNNEL}")
    return ok(f"Simli is told to call {url}.")


async def simli_key(installation: Installation) -> Judgement:
    settings = installation.read.simli
    try:
        async with simli.connect(settings, installation.simli_transport) as client:
            installation.usage = await client.usage()
    except SimliKeyMissing:
        return failed(
            "There is no key for Simli.", "Set `simli.api_key`, or SIMLI_LLM_SIMLI__API_KEY."
        )
    except SimliRejected as exc:
        return failed(
            f"{settings.base_url} refuses the key ({exc.reason}).",
            "Take the key from your account at app.simli.com, whole and without quotes.",
        )
    except SimliError as exc:
        return failed(
            f"{settings.base_url}: {exc.reason}",
            "Check `simli.base_url`, the way out of this network, and Simli's state.",
        )
    running = installation.usage.current_usage
    return ok(f"{settings.base_url} accepts it; sessions running now: {running}.")


async def simli_clock(installation: Installation) -> Judgement:
    assert installation.usage
    return compare_clocks("Simli's", clock_skew_s(installation.usage.date))


async def database(installation: Installation) -> Judgement:
    url = make_url(installation.read.database_url)
    where = url.render_as_string()
    if _is_unborn(url.database if url.get_backend_name() == "sqlite" else None):
        return ok(f"{where} is made when `simli-llm serve` starts.")
    try:
        with anyio.fail_after(DATABASE_S):
            state = await migrate.state(installation.read.database_url)
    except (SQLAlchemyError, OSError, TimeoutError) as exc:
        # Without what the driver says, which may quote the password.
        return failed(
            f"{where} cannot be used ({type(exc).__name__}).",
            "Start the database, and check `database_url`; or give the file's folder to this user.",
        )
    return _migrated(where, state)


def _is_unborn(file: str | None) -> bool:
    """To connect would make an empty file; a look should leave nothing behind."""
    return bool(file) and file != ":memory:" and not Path(str(file)).exists()


def _migrated(where: str, state: SchemaState) -> Judgement:
    match state:
        case SchemaState.CURRENT:
            return ok(f"{where} is current.")
        case SchemaState.UNKNOWN:
            return failed(f"{where} belongs to a newer release.", "Install that release.")
    return failed(f"The tables of {where} are {state}.", "Run `simli-llm db upgrade`.")


INSTALLATION_CHECKS: list[Check[Installation]] = [
    Check("Configuration", configuration),
    Check("Models", models, "Configuration"),
    Check("Session secret", session_secret, "Configuration"),
    Check("Public URL", public_url, "Configuration"),
    Check("Simli key", simli_key, "Configuration"),
    Check("Simli's clock", simli_clock, "Simli key"),
    Check("Database", database, "Configuration"),
]
