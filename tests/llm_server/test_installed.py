from pathlib import Path

import pytest

from llm_server.backends.installed import InstalledBackend, Option, installed_backends

BACKENDS = """
import os
from typing import Any
from pydantic import BaseModel, Field, SecretStr


class EchoBackend:
    class Options(BaseModel):
        prefix: str = Field(description="What comes first.")
        tags: list[str] = []
        limit: int | None = None
        mode: str | dict[str, int] = "plain"
        key: SecretStr = SecretStr("sk-hidden")
        home: str = Field(default_factory=lambda: os.environ["HOME"])
        more: Any = None


class Odd:
    Options = None
"""
ENTRY_POINTS = """
[llm_server.backends]
echo = echo_backends:EchoBackend
broken = no_such_module:X
odd = echo_backends:Odd
"""


@pytest.fixture
def backends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, InstalledBackend]:
    """What is installed, with another distribution beside ours, as pip would install it."""
    metadata = tmp_path / "echo_backends-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: echo-backends\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "echo_backends.py").write_text(BACKENDS)
    monkeypatch.syspath_prepend(tmp_path)
    return {backend.name: backend for backend in installed_backends()}


def test_ours_and_those_of_others_are_listed(backends: dict[str, InstalledBackend]) -> None:
    assert {"anthropic", "mock", "openai", "python", "echo"} <= backends.keys()
    assert backends["echo"].distribution == "echo-backends 1.0"


def test_each_option_is_explained(backends: dict[str, InstalledBackend]) -> None:
    assert backends["echo"].options == [
        Option("prefix", "string", None, "What comes first."),
        Option("tags", "list of string", "[]", None),
        Option("limit", "integer", "null", None),
        Option("mode", "string or mapping", '"plain"', None),
        Option("key", "string", '"**********"', None),
        Option("home", "string", "computed", None),
        Option("more", "anything", "null", None),
    ]


def test_our_options_have_descriptions(backends: dict[str, InstalledBackend]) -> None:
    for name in ("anthropic", "mock", "python"):
        assert all(option.description for option in backends[name].options)


def test_shorthands_are_part_of_the_type(backends: dict[str, InstalledBackend]) -> None:
    types = {option.name: option.type for option in backends["mock"].options}

    assert types["replies"] == "list of string or mapping"
    assert types["token_s"] == "number or mapping"
    assert types["fault"] == "string or mapping"


def test_a_broken_one_is_listed_with_its_error(backends: dict[str, InstalledBackend]) -> None:
    error = "cannot be loaded: ModuleNotFoundError(\"No module named 'no_such_module'\")"
    assert backends["broken"] == InstalledBackend("broken", "echo-backends 1.0", [], error)
    assert backends["odd"].error == "its options cannot be told: AttributeError"
