from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from agents_admin.agents.schemas import Name
from agents_admin.models import AdminRole
from llm_server import Scope

TEN_YEARS_S = 10 * 366 * 24 * 3600

Lifetime = Annotated[StrictInt, Field(ge=60, le=TEN_YEARS_S)]


class KeyCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    expires_in_s: Lifetime | None = Field(None, description="Null is never.")


class AdminKeyCreate(KeyCreate):
    role: AdminRole


class KeyRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class AdminKeyRead(KeyRead):
    prefix: str
    role: AdminRole
    last_used_at: datetime | None = Field(description="To the minute or so.")


class AdminKeyCreated(AdminKeyRead):
    key: str = Field(description="Shown this once.")


class ServiceKeyCreate(KeyCreate):
    scopes: Annotated[
        set[Scope],
        Field(min_length=1, description="Completions, the list of models, GET /metrics."),
    ]


class ServiceKeyRead(KeyRead):
    scopes: list[Scope]


class ServiceKeyCreated(ServiceKeyRead):
    key: str = Field(description="Shown this once.")
