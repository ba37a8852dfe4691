"""A plan, for people and for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from agents_admin.agents.sync.steps import Action, Difference, Step

COLOURS = {
    Action.CREATE: "green",
    Action.CHANGE: "yellow",
    Action.ARCHIVE: "red",
    Action.UNCHANGED: "dim",
}
SHOWN_CHARACTERS = 60


def plan_as_json(plan: Sequence[Step[Any, Any]]) -> str:
    steps = [
        {"action": step.action, "key": step.key, "differences": [*map(asdict, step.differences)]}
        for step in plan
    ]
    return json.dumps(steps, indent=2, ensure_ascii=False)


def plan_as_table(plan: Sequence[Step[Any, Any]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for step in plan:
        table.add_row(Text(step.action, style=COLOURS[step.action]), Text(step.key))
        for difference in step.differences:
            table.add_row("", _line(difference, step.action))
    return table


def _line(difference: Difference, action: Action) -> Text:
    change = _short(difference.after)
    if action is Action.CHANGE:
        change = f"{_short(difference.before)} → {change}"
    return Text(f"  {difference.field}: {change}")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"
