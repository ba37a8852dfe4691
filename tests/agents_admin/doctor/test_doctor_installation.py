"""What is wrong with this installation."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents_admin import migrate
from agents_admin.doctor.checks import run
from agents_admin.doctor.findings import Verdict
from agents_admin.doctor.installation import INSTALLATION_CHECKS, Installation
from agents_admin.settings import Settings, SimliSettings
from llm_server import InvalidSettings
from llm_server.model_settings import ModelSettings
from tests.agents_admin.databases import Databases, one_database_is_enough
from tests.agents_admin.doctor.examining import Report
from tests.agents_admin.fake_simli import SIMLI_KEY, FakeSimli
from tests.end_to_end.processes import free_port

FAILED, OK, SKIPPED, WARNING = Verdict.FAILED, Verdict.OK, Verdict.SKIPPED, Verdict.WARNING

USAGE = {"currentUsage": 2}
REAL_MODEL = ModelSettings(backend="openai", options={"base_url": "http://x/v1", "api_key": "sk"})


@pytest.fixture
def simli() -> FakeSimli:
    simli = FakeSimli()
    simli.transcript = httpx.Response(200, json=USAGE, headers={"date": date()})
    return simli


def date(ahead_s: float = 0) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=ahead_s), usegmt=True)


async def look(settings: Settings | InvalidSettings, fake: FakeSimli, /, **changed: Any) -> Report:
    if isinstance(settings, Settings):
        settings = settings.replace(**{"models": {"real": REAL_MODEL}} | changed)
    installation = Installation(settings, httpx.MockTransport(fake))
    return Report(await run(INSTALLATION_CHECKS, installation))


async def test_a_whole_installation(settings: Settings, simli: FakeSimli) -> None:
    report = await look(settings, simli)

    assert report.troubles == set()
    assert "running now: 2" in report.by_name["Simli key"].what
    assert [(sent.method, sent.url.path) for sent in simli.requests] == [
        ("GET", "/ratelimiter/sessions")
    ]


async def test_a_configuration_that_cannot_be_read(simli: FakeSimli) -> None:
    report = await look(InvalidSettings(["models.x: wrong"], Path("simli-llm.yaml")), simli)

    assert "named" in report.cure("Configuration", FAILED)
    assert report.by_name["Configuration"].what == "simli-llm.yaml: models.x: wrong"
    assert report.verdict("Simli's clock") == SKIPPED


async def test_no_models(simli: FakeSimli) -> None:
    installation = Installation(Settings(), httpx.MockTransport(simli))

    report = Report(await run(INSTALLATION_CHECKS, installation))

    assert "simli-llm.yaml" in report.cure("Configuration", WARNING)
    assert "real backend" in report.cure("Models", WARNING)


@one_database_is_enough
async def test_options_that_no_backend_takes(settings: Settings, simli: FakeSimli) -> None:
    wrong = ModelSettings(backend="openai", options={"base_ul": "http://x"})

    report = await look(settings, simli, models={"m": wrong})

    assert "simli-llm backends" in report.cure("Models", FAILED)
    assert "models.m.options.base_ul" in report.by_name["Models"].what


@one_database_is_enough
async def test_no_session_secret(settings: Settings, simli: FakeSimli) -> None:
    report = await look(settings, simli, session_secret=None)

    assert "`session_secret`" in report.cure("Session secret", FAILED)


@one_database_is_enough
async def test_a_public_url_that_is_not(settings: Settings, simli: FakeSimli) -> None:
    report = await look(settings, simli, public_url="http://localhost:8080")

    assert "`public_url`" in report.cure("Public URL", FAILED)


@one_database_is_enough
@pytest.mark.parametrize(
    ("answer", "cure"),
    [
        (httpx.Response(401, json={"error": f"bad key {SIMLI_KEY}"}), "app.simli.com"),
        (httpx.Response(503), "Simli's state"),
        (httpx.ConnectError("no route"), "`simli.base_url`"),
        (httpx.Response(200, json={"usage": "?"}), "`simli.base_url`"),
    ],
)
async def test_a_key_that_simli_does_not_take(
    settings: Settings, simli: FakeSimli, answer: httpx.Response | Exception, cure: str
) -> None:
    simli.transcript = answer

    report = await look(settings, simli)

    assert cure in report.cure("Simli key", FAILED)
    assert SIMLI_KEY not in repr(report.by_name)


@one_database_is_enough
async def test_no_key_for_simli(settings: Settings, simli: FakeSimli) -> None:
    report = await look(settings, simli, simli=SimliSettings())

    assert "`simli.api_key`" in report.cure("Simli key", FAILED)


@one_database_is_enough
@pytest.mark.parametrize(("ahead_s", "way"), [(90, "ahead of"), (-90, "behind")])
async def test_a_clock_that_is_wrong(
    settings: Settings, simli: FakeSimli, ahead_s: float, way: str
) -> None:
    simli.transcript = httpx.Response(200, json=USAGE, headers={"date": date(ahead_s)})

    report = await look(settings, simli)

    assert "NTP" in report.cure("Simli's clock", WARNING)
    assert way in report.by_name["Simli's clock"].what


async def test_tables_that_are_not_there(
    settings: Settings, simli: FakeSimli, databases: Databases
) -> None:
    url = databases.empty()
    await migrate.upgrade(url)
    await migrate.downgrade(url, "base")

    report = await look(settings, simli, database_url=url)

    assert "simli-llm db upgrade" in report.cure("Database", FAILED)


@one_database_is_enough
async def test_a_database_that_nobody_serves(settings: Settings, simli: FakeSimli) -> None:
    url = f"postgresql+psycopg://me:hush@127.0.0.1:{free_port()}/db"

    report = await look(settings, simli, database_url=url)

    assert "`database_url`" in report.cure("Database", FAILED)
    assert "hush" not in repr(report.by_name)


@one_database_is_enough
async def test_a_look_makes_no_database(
    settings: Settings, simli: FakeSimli, tmp_path: Path
) -> None:
    path = tmp_path / "new.db"

    report = await look(settings, simli, database_url=f"sqlite+aiosqlite:///{path}")

    assert report.verdict("Database") == OK
    assert not path.exists()
