"""The installed backends, for people and for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from llm_server.backends.installed import InstalledBackend, Option


def as_json(backends: Sequence[InstalledBackend]) -> str:
    return json.dumps([asdict(backend) for backend in backends], indent=2, ensure_ascii=False)


def as_table(backends: Sequence[InstalledBackend]) -> Group:
    return Group(*(part for backend in backends for part in (_heading(backend), _options(backend))))


def _heading(backend: InstalledBackend) -> Text:
    heading = Text.assemble((backend.name, "bold"), f"  {backend.distribution or ''}")
    return heading.append(f"\n  {backend.error}", "red") if backend.error else heading


def _options(backend: InstalledBackend) -> Table:
    table = Table.grid(padding=(0, 2))
    for option in backend.options:
        cells = (option.type, _default(option), " ".join((option.description or "").split()))
        table.add_row(f"  {option.name}", *map(escape, cells))
    return table


def _default(option: Option) -> str:
    return "required" if option.default is None else option.default
