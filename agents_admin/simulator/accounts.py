"""Simli's second service, known by its errors (`{"error": …}`): history and rate limiter."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse

from agents_admin.simulator.payloads import History, Usage
from agents_admin.simulator.simulator import CurrentSimulator


class Refused(Exception):
    """Answered with the status and `{"error": message}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def answer_refused(request: Request, exc: Exception) -> JSONResponse:
    status = exc.status if isinstance(exc, Refused) else 500
    return JSONResponse({"error": str(exc)}, status)


def require_key(
    simulator: CurrentSimulator, x_simli_api_key: Annotated[str, Header()] = ""
) -> None:
    if not simulator.admits(x_simli_api_key):
        raise Refused(401, "Invalid API key")


router = APIRouter(dependencies=[Depends(require_key)])


@router.get("/history/sessions")
async def list_sessions(simulator: CurrentSimulator, request: Request) -> History:
    """Return the ended sessions that began in the window, given in Unix seconds.

    Simli's documents disagree on the names: `startTime` and `endTime`, or `start` and `end`.
    """
    earliest = _seconds(request, "startTime", "start")
    latest = _seconds(request, "endTime", "end")
    records = simulator.rooms.history()
    return History(
        sessions=[
            record
            for record in records
            if (earliest is None or earliest <= record.start_time)
            and (latest is None or record.start_time <= latest)
        ]
    )


@router.get("/ratelimiter/sessions")
async def show_usage(simulator: CurrentSimulator) -> Usage:
    """Return how many conversations are running."""
    return Usage(current_usage=simulator.rooms.running())


def _seconds(request: Request, *names: str) -> int | None:
    # By hand, because FastAPI would refuse a bad value in the other service's words.
    given = [request.query_params[name] for name in names if name in request.query_params]
    try:
        return int(given[0]) if given else None
    except ValueError as exc:
        raise Refused(400, f"{names[0]} must be Unix seconds") from exc
