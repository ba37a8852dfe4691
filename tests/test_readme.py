"""README's commands and examples are true."""

import re
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from agents_admin.settings import Settings
from llm_server import load_settings
from llm_server.backends.mock import MockOptions
from llm_server.backends.openai_options import OpenAIOptions
from llm_server.events import Delta
from llm_server.model_settings import ModelSettings
from llm_server.protocol import ChatRequest
from llm_server.voice.policy import VoiceSettings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def leaves(model: type[BaseModel], prefix: str = "") -> list[str]:
    """The paths of all settings that are no section of others."""
    paths = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            paths += leaves(field.annotation, f"{prefix}{name}.")
        else:
            paths.append(f"{prefix}{name}")
    return paths


def test_the_two_commands_stand_in_it_as_they_are_run() -> None:
    commands = "".join(blocks("console"))

    assert "pip install uv && uv run --extra local simli-llm demo\n" in commands
    assert "uv run pytest\n" in commands
    assert "\nuv run pytest\n" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("command", re.findall(r"^uv run simli-llm ([a-z ]+)$", README, re.M))
def test_every_command_exists(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agents_admin", *command.split(), "--help"], capture_output=True
    )

    assert done.returncode == 0


def test_its_configurations_are_accepted(tmp_path: Path) -> None:
    for block in blocks("yaml"):
        if "lines:" not in block:
            path = tmp_path / "simli-llm.yaml"
            path.write_text(block)
            load_settings(Settings, path, environ={})


def test_its_script_is_accepted() -> None:
    from agents_admin.simulator import Script

    [script] = [block for block in blocks("yaml") if "lines:" in block]

    assert Script.model_validate(yaml.safe_load(script)).lines[0].interrupt_after == 80


def keyed(prefix: str, model: type[BaseModel]) -> list[str]:
    return [f"{prefix}.<name>.{name}" for name in model.model_fields]


@pytest.mark.parametrize(
    "path",
    [
        *(path for path in leaves(Settings) if path != "models"),
        *keyed("models", ModelSettings),
        *keyed("voices", VoiceSettings),
    ],
)
def test_every_setting_is_explained(path: str) -> None:
    assert f"| `{path}` |" in section("Settings")


@pytest.mark.parametrize("option", [*OpenAIOptions.model_fields, *MockOptions.model_fields])
def test_every_option_of_a_backend_is_named(option: str) -> None:
    assert f"`{option}`" in section("Settings")


async def test_its_backend_answers() -> None:
    [source] = [block for block in blocks("python") if "ShoutingBackend" in block]
    names: dict[str, Any] = {}
    exec(compile(source, "shouting.py", "exec"), names)
    backend = names["ShoutingBackend"](names["Options"](mark="!!"))
    request = ChatRequest("loud", [{"role": "user", "content": "hello you"}])

    async with aclosing(backend.stream(request)) as events:
        said = [event.text async for event in events if isinstance(event, Delta)]

    assert said == ["HELLO!! ", "YOU!! "]
