"""What can go wrong with Simli, by what can be done about it.

SimliError
 + SimliUnreachable    try again later
 + SimliRejected       change the request, the key or the plan; `status` says which
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


class SimliRejected(SimliError):
    """Simli understood, and refused."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


class SimliConfused(SimliError):
    """An answer that cannot be read."""


class SimliKeyMissing(SimliError):
    """Simli was not asked: there is no key to ask with."""
