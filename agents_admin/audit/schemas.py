from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict

from agents_admin.models import AuditAction


@dataclass(frozen=True, slots=True)
class AuditFilter:
    actor: Annotated[
        str | None, Query(pattern=r"^[\w-]{1,64}$", description="The `actor_id` of entries.")
    ] = None
    action: AuditAction | None = None
    object_type: Annotated[str | None, Query(pattern=r"^[a-z_]{1,32}$")] = None
    object_id: UUID | None = None


Filter = Annotated[AuditFilter, Depends()]


class AuditRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    at: datetime
    actor_id: str
    actor_name: str
    action: AuditAction
    object_type: str
    object_id: UUID
    request_id: str | None
