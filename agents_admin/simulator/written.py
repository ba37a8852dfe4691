"""What people write for the simulator, in YAML or on the command line -> checked models."""

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound="Written")


class InputRefused(ValueError):
    """What was written cannot be used; the message says where and why."""


class Written(BaseModel):
    """A part of what people write: unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def load(model: type[Model], file: Path | Traversable) -> Model:
    """Read a YAML file; raise `InputRefused` with the place of every fault."""
    return check(model, read(file), file.name)


def read(file: Path | Traversable) -> Any:
    try:
        return parse(file.read_text(encoding="utf-8"), file.name)
    except UnicodeDecodeError as exc:
        raise InputRefused(f"{file.name}: this is not UTF-8") from exc
    except OSError as exc:
        raise InputRefused(f"{file.name}: {exc.strerror}") from exc


def parse(text: str, name: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise InputRefused(f"{name}: this is not YAML: {exc}") from exc


def check(model: type[Model], content: Any, name: str) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as exc:
        faults = "; ".join(_describe(fault) for fault in exc.errors())
        raise InputRefused(f"{name}: {faults}") from exc


def _describe(fault: ErrorDetails) -> str:
    places = [str(place) for place in fault["loc"]]
    if fault["type"] == "extra_forbidden":
        where = f" in {'.'.join(places[:-1])}" if places[1:] else ""
        return f"unknown key {places[-1]!r}{where}"
    return ": ".join(filter(None, [".".join(places), fault["msg"]]))
