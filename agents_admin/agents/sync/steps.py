"""What a plan is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

Now = TypeVar("Now")
Wanted = TypeVar("Wanted")


class SyncRefused(ValueError):
    """Nothing was planned or done; the message says what is in the way."""


class Action(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    ARCHIVE = "archive"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Difference:
    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Step(Generic[Now, Wanted]):
    """What has to happen to one agent for it to be as wanted."""

    action: Action
    key: str
    now: Now | None
    wanted: Wanted | None
    differences: tuple[Difference, ...] = ()


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The fields of `after` that are not so before."""
    return tuple(
        Difference(field, before.get(field), value)
        for field, value in after.items()
        if before.get(field) != value
    )


def tell_faults(what: str, exc: ValidationError) -> str:
    """A line for each wrong field, without its value."""
    return "\n".join(
        f"{what}: /{'/'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in exc.errors(include_input=False)
    )
