from dataclasses import dataclass
from typing import Any

import httpx

from agents_admin.simli.calls import READING, Calls, segment
from agents_admin.simli.errors import SimliRejected
from agents_admin.simli.payload import read_json

OLD_KEY_HEADER = "api-key"


@dataclass(frozen=True, slots=True)
class TranscriptReady:
    """Simli's answer as it came; nothing is published about its shape."""

    raw: Any


class TranscriptNotReady:
    """Simli has no transcript of this session, or not yet: it does not tell which."""


TranscriptAnswer = TranscriptReady | TranscriptNotReady


class TranscriptCalls(Calls):
    async def transcript(self, simli_session_id: str) -> TranscriptAnswer:
        """Ask for the transcript of a session.

        Versions of Simli's documentation differ in the names of the parameter and of the
        header, so all are sent.
        """
        try:
            response = await self._call(
                "GET",
                f"/auto/transcript/{segment(simli_session_id)}",
                params={"sessionId": simli_session_id, "session_id": simli_session_id},
                headers={OLD_KEY_HEADER: self._key.encode()},
                **READING,
            )
        except SimliRejected as exc:
            if exc.status == httpx.codes.NOT_FOUND:
                return TranscriptNotReady()
            raise
        if response.status_code == httpx.codes.ACCEPTED:
            return TranscriptNotReady()
        raw = read_json(response)
        return TranscriptReady(raw) if raw else TranscriptNotReady()
