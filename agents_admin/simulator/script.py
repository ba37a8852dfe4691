"""What the visitor of a simulated room says, and where they interrupt."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails


class ScriptRefused(ValueError):
    """The file is no script; the message says where and why."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(_Part):
    """One thing the visitor says.

    With `interrupt_after` the visitor hears that many characters of the answer and then speaks
    again: the caller hangs up on the custom LLM. A shorter answer is heard to its end.
    """

    say: str = Field(min_length=1)
    interrupt_after: int | None = Field(default=None, ge=1)


class Script(_Part):
    """A visitor: the lines in order, and the pause before each of them in seconds."""

    name: str = "visitor"
    pause_s: float = Field(default=0.2, ge=0)
    lines: tuple[Line, ...] = Field(min_length=1)


def load_script(path: Path) -> Script:
    """Read a script from a YAML file; raise `ScriptRefused` with the place of every fault."""
    return _load(path)


def load_sample() -> Script:
    """Read the packaged script: eight lines to a dental practice, one of which interrupts."""
    return _load(resources.files(__package__) / "sample.yaml")


def _load(file: Path | Traversable) -> Script:
    try:
        return Script.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except yaml.YAMLError as exc:
        raise ScriptRefused(f"{file.name}: this is not YAML: {exc}") from exc
    except ValidationError as exc:
        faults = "; ".join(_describe(fault) for fault in exc.errors())
        raise ScriptRefused(f"{file.name}: {faults}") from exc


def _describe(fault: ErrorDetails) -> str:
    *parents, last = fault["loc"] or ("script",)
    if fault["type"] == "extra_forbidden":
        where = ".".join(map(str, parents)) or "the script"
        return f"unknown key {last!r} in {where}"
    return f"{'.'.join(map(str, [*parents, last]))}: {fault['msg']}"
