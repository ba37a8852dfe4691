"""Lists in an order of the caller's choice, a page at a time."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, StringConstraints, TypeAdapter
from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.errors import ValidationFailed
from agents_admin.models.base import Keyed
from agents_admin.paging import Rows, first_rows

Row = TypeVar("Row", bound=Keyed)


def _in_utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


# Whoever writes a cursor by hand is told so, and not by the database.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
Time = Annotated[AwareDatetime, AfterValidator(_in_utc)]
_TEXT_CURSOR: TypeAdapter[Any] = TypeAdapter(tuple[str, Text, UUID])
_TIME_CURSOR: TypeAdapter[Any] = TypeAdapter(tuple[str, Time, UUID])


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
    return urlsafe_b64encode(_form(sort).dump_json((sort, value, key))).decode()


def _read_cursor(cursor: str, sort: str) -> tuple[Any, UUID]:
    try:
        made_for, value, key = _form(sort).validate_json(urlsafe_b64decode(cursor))
        if made_for == sort:
            return value, key
    # A time near the end of all times has no UTC.
    except (ValueError, OverflowError):
        pass
    raise ValidationFailed(
        [{"parameter": "cursor", "detail": "expected a `next_cursor` of a list in this order"}]
    )


def _form(sort: str) -> TypeAdapter[Any]:
    return _TIME_CURSOR if sort.endswith("_at") else _TEXT_CURSOR
