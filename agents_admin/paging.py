"""Lists, newest first, a page at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.models.base import Keyed

Item = TypeVar("Item")
Row = TypeVar("Row", bound=Keyed)


class Page(BaseModel, Generic[Item]):
    """Pass `next_cursor` as `cursor` for the page after this one; null means this is the last."""

    model_config = ConfigDict(from_attributes=True)

    items: list[Item]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    limit: Annotated[int, Query(ge=1, le=200)] = 50
    cursor: Annotated[
        UUID | None, Query(description="`next_cursor` of the page before this one.")
    ] = None


Paging = Annotated[PageRequest, Depends()]


@dataclass(frozen=True, slots=True)
class Rows(Generic[Row]):
    items: list[Row]
    next_cursor: str | None


async def newest_first(
    db: AsyncSession, table: type[Row], query: Select[Row], page: PageRequest
) -> Rows[Row]:
    """One page of a query. Keys grow with time, so the order of keys is the order of making."""
    if page.cursor:
        query = query.where(table.id < page.cursor)
    return await first_rows(db, query.order_by(table.id.desc()), page.limit, _cursor)


async def first_rows(
    db: AsyncSession, query: Select[Row], limit: int, make_cursor: Callable[[Row], str]
) -> Rows[Row]:
    """The beginning of a query, and the cursor of its last row if there are more."""
    # One more than asked for tells whether there is another page.
    rows = [*await db.scalars(query.limit(limit + 1))]
    items = rows[:limit]
    return Rows(items, make_cursor(items[-1]) if len(rows) > limit else None)


def _cursor(row: Keyed) -> str:
    return str(row.id)
