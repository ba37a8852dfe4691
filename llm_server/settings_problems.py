"""Turn what pydantic found wrong with the settings into sentences that name the key."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError


class InvalidSettings(Exception):
    """The configuration cannot be used; `problems` says why, one sentence for each wrong key."""

    def __init__(self, problems: Sequence[str], path: Path | None = None) -> None:
        self.problems = list(problems)
        where = f"{path}: " if path else ""
        super().__init__("\n".join(f"{where}{problem}" for problem in self.problems))


def describe(exc: ValidationError, settings_type: type[BaseModel], prefix: str = "") -> list[str]:
    """One sentence for each error: the path of the key, what was expected, never the value.

    The value is left out because it may be a key or a secret.
    """
    sentences = []
    for error in exc.errors(include_input=False, include_url=False):
        path = ".".join([*([prefix] if prefix else []), *map(str, error["loc"])])
        message = error["msg"].removeprefix("Value error, ")
        if error["type"] == "extra_forbidden":
            message = _unknown_key(settings_type, error["loc"])
        sentences.append(f"{path}: {message}" if path else message)
    return sentences


def _unknown_key(settings_type: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    section = _section_at(settings_type, loc[:-1])
    known = list(section.model_fields) if section else []
    close = get_close_matches(str(loc[-1]), known, n=1)
    hint = f", did you mean {close[0]!r}?" if close else ""
    return f"unknown key{hint} (expected one of: {', '.join(known)})"


def _section_at(model: type[BaseModel], loc: Sequence[int | str]) -> type[BaseModel] | None:
    """Follow a path of keys to the section that has them."""
    current: Any = model
    for part in loc:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(str(part))
            current = field.annotation if field else None
        else:  # A key of a mapping, or an index of a list: go on with what it holds.
            current = get_args(current)[-1] if get_args(current) else None
        if get_origin(current) in (Union, UnionType):
            current = get_args(current)[0]
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None
