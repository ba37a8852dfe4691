"""What an account used: the history of its sessions, and how many are running."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from agents_admin.simulator.endpoints.errors import ServiceRoute
from agents_admin.simulator.endpoints.keys import ServiceAccount
from agents_admin.simulator.rooms import Room
from agents_admin.simulator.simulator import CurrentSimulator


class HistoryRecord(BaseModel):
    id: str
    face_id: str
    kind: str = "Auto"
    end_user_aggregator: str = Field(default="", serialization_alias="endUserAggregator")
    api_key_name: str = Field(default="simulator", serialization_alias="apiKeyName")
    session_total_time: float = Field(serialization_alias="sessionTotalTime")
    start_time: int = Field(serialization_alias="startTime")
    end_time: int = Field(serialization_alias="endTime")


class History(BaseModel):
    sessions: list[HistoryRecord]


class Usage(BaseModel):
    current_usage: int = Field(serialization_alias="currentUsage")


router = APIRouter(route_class=ServiceRoute)


@router.get("/history/sessions")
async def list_sessions(
    account: ServiceAccount,
    simulator: CurrentSimulator,
    start_time: Annotated[int | None, Query(alias="startTime")] = None,
    end_time: Annotated[int | None, Query(alias="endTime")] = None,
    start: int | None = None,
    end: int | None = None,
) -> History:
    """Return the ended sessions that began in the window, given in Unix seconds.

    Simli's documents disagree on the names: `startTime` and `endTime`, or `start` and `end`.
    """
    earliest = start if start_time is None else start_time
    latest = end if end_time is None else end_time
    records = [record for room in simulator.rooms.of(account) if (record := _record(room))]
    return History(
        sessions=[
            record
            for record in records
            if (earliest is None or earliest <= record.start_time)
            and (latest is None or record.start_time <= latest)
        ]
    )


@router.get("/ratelimiter/sessions")
async def show_usage(account: ServiceAccount, simulator: CurrentSimulator) -> Usage:
    """Return how many conversations are running."""
    return Usage(current_usage=simulator.rooms.running(account))


def _record(room: Room) -> HistoryRecord | None:
    if room.ended_at is None:
        return None
    return HistoryRecord(
        id=room.session_id,
        face_id=room.config.face_id,
        session_total_time=(room.ended_at - room.started_at).total_seconds(),
        start_time=int(room.started_at.timestamp()),
        end_time=int(room.ended_at.timestamp()),
    )
