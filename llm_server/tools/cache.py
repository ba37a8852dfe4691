"""Results that are kept for the rest of a session."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from uuid import UUID

import msgspec

from llm_server.keys import SessionClaims
from llm_server.protocol import Json

Key = tuple[UUID, str, bytes]

_encode = msgspec.json.Encoder(order="deterministic").encode


def key_of(session: SessionClaims, tool: str, arguments: Json) -> Key:
    return session.session_id, tool, _encode(arguments)


class ResultCache:
    """The latest results, so many of them and for so long."""

    def __init__(
        self, size: int = 1000, max_age_s: float = 3600, clock: Callable[[], float] = monotonic
    ) -> None:
        self._size = size
        self._max_age_s = max_age_s
        self._clock = clock
        self._results: OrderedDict[Key, tuple[float, str]] = OrderedDict()

    def get(self, key: Key) -> str | None:
        kept_at, result = self._results.get(key, (0.0, None))
        if result is None or self._clock() - kept_at > self._max_age_s:
            return None
        self._results.move_to_end(key)
        return result

    def keep(self, key: Key, result: str) -> None:
        self._results[key] = self._clock(), result
        self._results.move_to_end(key)
        if len(self._results) > self._size:
            self._results.popitem(last=False)
