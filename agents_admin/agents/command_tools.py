"""What the commands for agents share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.console import Console

from agents_admin.agents.sync.show import plan_as_json, plan_as_table
from agents_admin.agents.sync.steps import Step, SyncRefused
from agents_admin.commands.shared import fail
from agents_admin.commands.unit_of_work import Work, run
from agents_admin.errors import vendor_failed
from agents_admin.simli import SimliError

T = TypeVar("T")


def with_db(config: Path | None, work: Work[T]) -> T:
    """Do work in the database of the settings; what it refuses ends the command."""
    try:
        return run(config, work)
    except SyncRefused as exc:
        fail(str(exc))
    except SimliError as exc:
        fail(vendor_failed(exc).detail)


def show_plan(steps: Sequence[Step[Any, Any]], *, json: bool) -> None:
    if json:
        typer.echo(plan_as_json(steps))
    else:
        Console().print(plan_as_table(steps))
