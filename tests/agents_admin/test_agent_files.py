import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner

from agents_admin import cli as command_line
from agents_admin.agents.managed import marked
from agents_admin.agents.schemas import AgentCreate, AgentUpdate
from agents_admin.agents.service import update_agent
from agents_admin.agents.sync.steps import Action
from agents_admin.agents.sync.yaml_sync import apply_files, plan_files
from agents_admin.errors import Conflict
from agents_admin.models import Agent
from agents_admin.settings import Settings
from tests.agents_admin.databases import one_database_is_enough

Cli = Callable[..., Any]
Run = Callable[..., Any]

ADA: dict[str, Any] = {"name": "Ada", "model": "mock"}


@pytest.fixture
def run(tmp_path: Path, database_url: str) -> Run:
    config = tmp_path / "simli-llm.yaml"
    config.write_text(yaml.safe_dump({"database_url": database_url}))
    return lambda *words: CliRunner().invoke(
        command_line.app, ["agents", *words, "--config", str(config)]
    )


@pytest.fixture
def cli(run: Run) -> Cli:
    """What a command says to programs."""

    def ask(*words: str) -> Any:
        result = run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return ask


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "agents"
    folder.mkdir()
    write(folder, "ada", ADA)
    return folder


def write(folder: Path, name: str, content: Any) -> None:
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))


def actions(plan: list[dict[str, Any]]) -> dict[str, str]:
    return {step["key"]: step["action"] for step in plan}


def test_a_plan_changes_nothing(cli: Cli, folder: Path) -> None:
    plan = cli("plan", str(folder))

    assert actions(plan) == {"Ada": "create"}
    assert {"field": "model", "before": None, "after": "mock"} in plan[0]["differences"]
    assert cli("list") == []


def test_what_was_applied_is_unchanged(cli: Cli, folder: Path) -> None:
    assert actions(cli("apply", str(folder))) == {"Ada": "create"}

    assert actions(cli("apply", str(folder))) == {"Ada": "unchanged"}
    [agent] = cli("list")
    assert (agent["name"], agent["version"]) == ("Ada", 1)
    assert agent["labels"] == {"managed-by": "yaml", "yaml-key": "Ada"}


def test_a_changed_file_changes_its_agent_in_one_version(cli: Cli, folder: Path) -> None:
    write(folder, "ada", ADA | {"first_message": "Hello!", "labels": {"team": "sales"}})
    cli("apply", str(folder))
    write(folder, "ada", ADA | {"language": "fr", "labels": {"team": "sales"}})

    [step] = cli("apply", str(folder))

    assert step["differences"] == [
        {"field": "language", "before": "en", "after": "fr"},
        {"field": "first_message", "before": "Hello!", "after": None},
    ]
    [agent] = cli("list")
    assert (agent["language"], agent["first_message"], agent["version"]) == ("fr", None, 2)


def test_a_key_outlives_a_new_name(cli: Cli, folder: Path) -> None:
    write(folder, "ada", ADA | {"key": "desk"})
    cli("apply", str(folder))
    write(folder, "ada", ADA | {"key": "desk", "name": "Grace"})

    assert actions(cli("apply", str(folder))) == {"desk": "change"}
    assert [agent["name"] for agent in cli("list")] == ["Grace"]


def test_an_agent_whose_file_is_gone_is_archived_until_it_is_back(cli: Cli, folder: Path) -> None:
    write(folder, "bea", ADA | {"name": "Bea"})
    cli("apply", str(folder))
    (folder / "bea.yaml").rename(folder / "bea.old")

    assert actions(cli("apply", str(folder))) == {"Ada": "unchanged", "Bea": "archive"}
    assert actions(cli("apply", str(folder))) == {"Ada": "unchanged"}
    assert [agent["name"] for agent in cli("list", "--archived")] == ["Bea"]

    (folder / "bea.old").rename(folder / "bea.yaml")
    back = cli("apply", str(folder))

    assert actions(back) == {"Ada": "unchanged", "Bea": "change"}
    assert [difference["field"] for difference in back[1]["differences"]] == ["archived_at"]
    assert [agent["name"] for agent in cli("list")] == ["Ada", "Bea"]


@one_database_is_enough
def test_faults_of_all_files_are_told_and_nothing_is_done(run: Run, cli: Cli, folder: Path) -> None:
    write(folder, "bea", {"name": "Bea", "model": "gpt-99"})
    write(folder, "cy", {"nmae": "Cy", "model": "mock"})
    (folder / "di.yaml").write_text("a: [")
    write(folder, "eve", ADA)

    result = run("apply", str(folder))

    assert result.exit_code == 2
    assert "bea.yaml: /model: expected one of the settings' models: mock" in result.stderr
    assert "cy.yaml: /name: Field required" in result.stderr
    assert "di.yaml: this is not YAML" in result.stderr
    assert "2 files have the key 'Ada'." in result.stderr
    assert cli("list") == []


async def test_an_agent_of_no_file_is_left_alone(db: AsyncSession, agent: dict[str, Any]) -> None:
    [step] = await plan_files(db, {"Ada": AgentCreate(**ADA)})

    assert step.action is Action.CREATE


async def test_what_was_changed_after_the_plan_is_not_overwritten(
    app: FastAPI, db: AsyncSession, settings: Settings
) -> None:
    marks = marked({}, "Ada")
    await apply_files(db, settings, await plan_files(db, {"Ada": AgentCreate(**ADA, labels=marks)}))
    plan = await plan_files(db, {})
    async with app.state.db_sessions() as other:
        [theirs] = await other.scalars(select(Agent))
        await update_agent(other, settings, theirs, AgentUpdate(name="Grace"))

    with pytest.raises(Conflict):
        await apply_files(db, settings, plan)


@one_database_is_enough
def test_an_empty_folder_archives_nothing(run: Run, cli: Cli, folder: Path, tmp_path: Path) -> None:
    cli("apply", str(folder))
    (tmp_path / "empty").mkdir()

    result = run("apply", str(tmp_path / "empty"))

    assert (result.exit_code, "no .yaml file" in result.stderr) == (2, True)
    assert len(cli("list")) == 1


@one_database_is_enough
def test_people_read_tables(run: Run, cli: Cli, folder: Path) -> None:
    cli("apply", str(folder))
    write(folder, "ada", ADA | {"language": "fr", "system_prompt": "Be brief. " * 50})
    [agent] = cli("list")

    plan, shown = run("plan", str(folder)).stdout, run("show", agent["id"]).stdout

    assert 'language: "en" → "fr"' in plan
    assert "…" in plan
    assert agent["id"] in run("list").stdout
    assert agent["id"] in shown


@one_database_is_enough
def test_an_unknown_agent_cannot_be_shown(run: Run) -> None:
    unknown = "0192f0c1-2345-7000-8000-000000000000"

    result = run("show", unknown)

    assert (result.exit_code, result.stderr.strip()) == (2, f"There is no agent {unknown}.")
