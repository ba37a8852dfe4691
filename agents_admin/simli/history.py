"""What an account has used, and what it uses now. Not deprecated, unlike Simli Auto."""

from datetime import datetime

from pydantic import Field
from pydantic.alias_generators import to_camel

from agents_admin.simli.calls import READING, Calls
from agents_admin.simli.payload import Answer


class HistoryRecord(Answer, alias_generator=to_camel):
    """A session that is over. Whether `id` is what a start answered is not documented."""

    id: str = Field(min_length=1)
    face_id: str | None = Field(default=None, alias="face_id")
    kind: str | None = None
    end_user_aggregator: str | None = None
    api_key_name: str | None = None
    total_time_s: float | None = Field(default=None, alias="sessionTotalTime")
    started_at: int | None = Field(default=None, alias="startTime")
    """Unix seconds, like `ended_at`."""
    ended_at: int | None = Field(default=None, alias="endTime")


class Usage(Answer, alias_generator=to_camel):
    required = "current usage"

    current_usage: int
    """Sessions that run now. How many may is not told."""
    date: str | None = None
    """Simli's clock, as the answer's header has it."""


class HistoryCalls(Calls):
    async def list_history(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[HistoryRecord]:
        """Sessions of this time. Versions of Simli's document differ in the parameters' names."""
        params: dict[str, int] = {}
        if since:
            params["startTime"] = params["start"] = int(since.timestamp())
        if until:
            params["endTime"] = params["end"] = int(until.timestamp())
        response = await self._call("GET", "/history/sessions", params=params, **READING)
        return HistoryRecord.read_list(response)

    async def usage(self) -> Usage:
        """How much is in use: the cheapest call that needs a key."""
        response = await self._call("GET", "/ratelimiter/sessions", **READING)
        return Usage.read(response).model_copy(update={"date": response.headers.get("date")})
