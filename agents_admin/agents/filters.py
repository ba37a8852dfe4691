"""Which agents a list holds, and in which order."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import AfterValidator, StringConstraints
from sqlalchemy import Select, select

from agents_admin.agents.schemas import LABEL_KEY, Name, storable
from agents_admin.models import Agent
from agents_admin.sorting import SortedPage

AgentSort = Literal["created_at", "-created_at", "name", "-name", "updated_at", "-updated_at"]
LabelFilter = Annotated[
    str, StringConstraints(pattern=f"^{LABEL_KEY}:", max_length=264), AfterValidator(storable)
]


@dataclass(frozen=True, slots=True)
class AgentList:
    archived: Annotated[bool, Query(description="The archived ones, instead of the others.")] = (
        False
    )
    label: Annotated[
        list[LabelFilter] | None,
        Query(description="`key:value`; all of them must fit.", examples=[["team:sales"]]),
    ] = None
    model: Annotated[Name | None, Query(description="Answered by this model.")] = None
    q: Annotated[Name | None, Query(description="With this text in the name.")] = None
    sort: Annotated[AgentSort, Query(description="`-` is for descending.")] = "-created_at"
    limit: Annotated[int, Query(ge=1, le=200)] = 50
    cursor: Annotated[
        str | None, Query(description="`next_cursor` of the page before, in the same order.")
    ] = None

    @property
    def page(self) -> SortedPage:
        return SortedPage(self.sort, self.limit, self.cursor)

    def query(self) -> Select[Agent]:
        archived = Agent.archived_at.is_not(None)
        query = select(Agent).where(archived if self.archived else ~archived)
        for label in self.label or []:
            key, _, value = label.partition(":")
            query = query.where(Agent.labels[key].as_string() == value)
        if self.model:
            query = query.where(Agent.model == self.model)
        if self.q:
            query = query.where(Agent.name.icontains(self.q, autoescape=True))
        return query


ListedAgents = Annotated[AgentList, Depends()]
