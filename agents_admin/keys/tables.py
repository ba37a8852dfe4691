"""Keys in a terminal, two lines each: side by side, 80 columns are not enough."""

from collections.abc import Sequence
from datetime import datetime

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Column, Table

from agents_admin.keys.lifetimes import has_expired
from agents_admin.models import AdminKey, ServiceKey
from agents_admin.models.keys import Revocable


def admin_table(keys: Sequence[AdminKey]) -> Table:
    table = _table("Admin keys")
    for key in keys:
        used = f"used {_day(key.last_used_at)}" if key.last_used_at else "never used"
        _add(table, key, f"{key.prefix}…", key.role, used)
    return table


def service_table(keys: Sequence[ServiceKey]) -> Table:
    table = _table("Service keys")
    for key in keys:
        _add(table, key, "", ", ".join(key.scopes), "")
    return table


def _table(title: str) -> Table:
    # Ids are never shortened: they are what a key is revoked by.
    return Table(Column("Id", min_width=36), "Name", "State", title=title, box=SIMPLE)


def _add(table: Table, key: Revocable, *second_line: str) -> None:
    table.add_row(str(key.id), escape(key.name), _state(key))
    table.add_row(*second_line, style="dim")


def _state(key: Revocable) -> str:
    if key.revoked_at:
        return f"revoked {_day(key.revoked_at)}"
    if key.expires_at is None:
        return "good"
    return f"{'expired' if has_expired(key) else 'until'} {_day(key.expires_at)}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
