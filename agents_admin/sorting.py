"""Lists in an order of the caller's choice, a page at a time."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.errors import ValidationFailed
from agents_admin.models.base import Keyed
from agents_admin.paging import Rows, first_rows

Row = TypeVar("Row", bound=Keyed)


@dataclass(frozen=True, slots=True)
class SortedPage:
    sort: str
    """The column; `-` before its name turns the order round."""
    limit: int
    cursor: str | None


async def sorted_rows(
    db: AsyncSession, table: type[Row], query: Select[Row], page: SortedPage
) -> Rows[Row]:
    """One page of a query. Raises ValidationFailed for a cursor of another order.

    A cursor holds where its page ended and not only which row that was: it stays right when that
    row is changed or deleted.
    """
    name = page.sort.removeprefix("-")
    columns = (getattr(table, name), table.id)
    descending = page.sort != name
    if page.cursor:
        query = query.where(_beyond(columns, descending, _read_cursor(page.cursor, page.sort)))
    order = (column.desc() if descending else column.asc() for column in columns)
    return await first_rows(
        db,
        query.order_by(*order),
        page.limit,
        lambda row: _make_cursor(page.sort, getattr(row, name), row.id),
    )


def _beyond(columns: Any, descending: bool, end: tuple[Any, UUID]) -> ColumnElement[bool]:
    (column, key), (value, last) = columns, end
    if descending:
        return or_(column < value, and_(column == value, key < last))
    return or_(column > value, and_(column == value, key > last))


def _make_cursor(sort: str, value: Any, key: UUID) -> str:
    shown = value.isoformat() if isinstance(value, datetime) else value
    return urlsafe_b64encode(json.dumps([sort, shown, str(key)]).encode()).decode()


def _read_cursor(cursor: str, sort: str) -> tuple[Any, UUID]:
    try:
        made_for, value, key = json.loads(urlsafe_b64decode(cursor))
        if made_for == sort and isinstance(value, str):
            is_time = sort.endswith("_at")
            return datetime.fromisoformat(value) if is_time else value, UUID(key)
    except (ValueError, TypeError, AttributeError):
        pass
    raise ValidationFailed(
        [{"parameter": "cursor", "detail": "expected a `next_cursor` of a list in this order"}]
    )
