"""`simli-llm doctor` as it is run: against a server of ours, and in a terminal."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from agents_admin.doctor.examination import target_of
from agents_admin.doctor.findings import Finding, Findings, Verdict
from agents_admin.doctor.installation import Installation
from agents_admin.doctor.report import as_json, passed, show
from agents_admin.doctor.target import KeyNeeded
from agents_admin.settings import Settings
from llm_server import InvalidSettings, SessionKeys, create_app
from tests.agents_admin.doctor.custom_llm import KEY, CustomLlm
from tests.agents_admin.doctor.examining import examine_at
from tests.end_to_end.processes import finish
from tests.llm_server.servers import serve

SECRET = "the secret of this installation"
REPLY = "I can tell you about our rooms. I can book a table. And I can call you a taxi. Just ask."


def configured(**changed: Any) -> Settings:
    content = {
        "public_url": "https://llm.example",
        "session_secret": SECRET,
        "models": {"maya": {"backend": "mock", "options": {"reply": REPLY}}},
    }
    return Settings.model_validate(content | changed)


async def test_our_own_server_is_healthy() -> None:
    settings = configured()
    target = target_of(Installation(settings), None, None, None)
    assert target

    async with serve(create_app(settings)) as url:
        report = await examine_at(f"{url}/v1", target.key)

    assert report.troubles == set()
    assert "appended once more" in report.by_name["Path"].what


def test_by_default_it_calls_what_simli_is_told_to_call() -> None:
    target = target_of(Installation(configured()), None, None, None)

    assert target
    assert (target.chat_url, target.model) == (
        "https://llm.example/v1/chat/completions",
        "maya",
    )
    assert target.key
    assert SessionKeys(SECRET).verify(target.key).model == "maya"
    assert target.key not in repr(target)


def test_a_key_of_ours_goes_to_nobody_else() -> None:
    installation = Installation(configured())

    with pytest.raises(KeyNeeded):
        target_of(installation, "https://elsewhere.example/v1", None, None)

    target = target_of(installation, "https://elsewhere.example/v1", KEY, None)
    assert target
    assert (target.key, target.model) == (KEY, "gpt-4o-mini")


def test_without_a_configuration_there_is_only_what_is_given() -> None:
    broken = Installation(InvalidSettings(["wrong"]))

    assert target_of(broken, None, None, None) is None
    with pytest.raises(KeyNeeded):
        target_of(broken, "http://127.0.0.1", None, None)


async def run_doctor(folder: Path, *arguments: str, **changed: Any) -> tuple[int, str]:
    config = {
        "session_secret": SECRET,
        "models": {"maya": {"backend": "mock"}},
        "simli": {"api_key": "simli-key", "base_url": "http://127.0.0.1:1"},
    }
    (folder / "simli-llm.yaml").write_text(yaml.safe_dump(config | changed))
    done = await finish("doctor", *arguments, cwd=folder)
    return done.code, done.output


async def test_for_programs(tmp_path: Path) -> None:
    async with serve(CustomLlm().app) as url:
        code, output = await run_doctor(
            tmp_path, "--url", f"{url}/v1", "--key", KEY, "--model", "m", "--json"
        )

    content = json.loads(output[output.index("{") :])
    assert (code, content["passed"]) == (1, False)
    assert [part["about"] for part in content["report"]] == [
        f"{url}/v1, model m",
        "This installation",
    ]
    assert KEY not in output


async def test_for_people(tmp_path: Path) -> None:
    code, output = await run_doctor(tmp_path, public_url="http://127.0.0.1:1")

    assert code == 1
    assert "Start the server or the tunnel" in output
    assert "Begin with" in output
    assert not (tmp_path / "simli-llm.db.secrets").exists()


@pytest.mark.parametrize("arguments", [["--url", "nonsense"], ["--url", "https://x.example"]])
async def test_it_must_be_asked_rightly(tmp_path: Path, arguments: list[str]) -> None:
    code, _ = await run_doctor(tmp_path, *arguments)

    assert code == 2


REPORT = [
    Findings(
        "https://llm.example/v1, model maya",
        [
            Finding("Name", Verdict.OK, "llm.example is 192.0.2.1."),
            Finding("Buffering", Verdict.WARNING, "All at once.", "Set `proxy_buffering off`."),
            Finding("Words", Verdict.SKIPPED, "“Stream” comes first"),
            Finding("Usage", Verdict.SKIPPED, "“Stream” comes first"),
        ],
    )
]


@pytest.mark.parametrize("width", [80, 120])
def test_what_comes_first_is_said_once(width: int) -> None:
    shown = StringIO()

    show(Console(width=width, file=shown), REPORT)

    text = shown.getvalue()
    assert text.count("“Stream” comes first") == 1
    assert "Words, Usage" in text
    assert "→ Set `proxy_buffering off`." in text
    assert "Nothing keeps the avatar silent: 1 ok, 1 warning, 2 skipped." in text


def test_only_what_failed_fails_a_script() -> None:
    failure = Findings("x", [Finding("Name", Verdict.FAILED, "No.", "Do.")])

    assert passed(REPORT)
    assert not passed([*REPORT, failure])
    assert json.loads(as_json([*REPORT, failure]))["passed"] is False
