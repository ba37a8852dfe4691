"""What can go wrong with Simli, by what can be done about it.

SimliError
 + SimliUnreachable    try again later; `sent` says whether Simli may have acted all the same
 + SimliRejected       change the request, the key or the plan; `status` says which
 + SimliRateLimited    wait `retry_after_s`, or let a session end
 + SimliConfused       their API is not what this code thinks
 + SimliKeyMissing     set `simli.api_key`
"""


class SimliError(Exception):
    """The reason is a short sentence for people. It holds no key and nothing that was said."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SimliUnreachable(SimliError):
    """No answer, or an error on Simli's side."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class SimliRejected(SimliError):
    """Simli understood, and refused. `members` are those of the request that it names."""

    def __init__(self, reason: str, status: int, members: frozenset[str] = frozenset()) -> None:
        super().__init__(reason)
        self.status = status
        self.members = members


class SimliRateLimited(SimliError):
    """Too many sessions, or too many starts. None: Simli did not say how long to wait."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class SimliConfused(SimliError):
    """An answer that cannot be read."""


class SimliKeyMissing(SimliError):
    """Simli was not asked: there is no key to ask with."""
