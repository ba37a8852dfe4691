"""Which fault a request gets, and what it looks like to whoever relays to a broken upstream."""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, get_args

from pydantic import ValidationError

from llm_server.backends.mock.options import Fault, FaultName
from llm_server.errors import (
    ApiError,
    ContentFiltered,
    ContextTooLong,
    InvalidRequest,
    RateLimited,
    UpstreamFailed,
    UpstreamRefused,
)
from llm_server.protocol import ChatRequest

NAMES: tuple[str, ...] = get_args(FaultName)

# `metadata` is a member of OpenAI's own, so every client can send it, and relays pass it on.
KEY = "mock_fault"

# For who cannot change the body, such as a test of a whole client.
HEADER = "x-mock-fault"

# A model of this name has the fault: `mock-cut`.
MODEL_PREFIX = "mock-"


BROKEN = "The connection to the model broke."
BUSY = "The model is busy."
UNREADABLE = "The model sent something that is not a chunk."

# What a relay makes of the faults of its upstream; of all others, a broken connection.
ERRORS: dict[str, tuple[type[ApiError], str]] = {
    "401": (UpstreamRefused, "The upstream refused the key that this server has for it."),
    "429": (RateLimited, BUSY),
    "429-retry-after": (RateLimited, BUSY),
    "500": (UpstreamFailed, "The upstream answered with status 500."),
    "503": (UpstreamFailed, "The upstream answered with status 503."),
    "context-length": (ContextTooLong, "The conversation is longer than the model takes."),
    "content-filter": (ContentFiltered, "The upstream filtered the request."),
    "no-prefill": (InvalidRequest, "The conversation must end with a user message."),
    "reset": (UpstreamFailed, "The upstream could not be reached."),
    "malformed": (UpstreamFailed, UNREADABLE),
    "oversized": (UpstreamFailed, UNREADABLE),
}


class Faults:
    """Chooses faults: the request's own, its model's, or the configured one, for as long as it
    lasts."""

    def __init__(self, configured: Fault | None, clock: Callable[[], float] = monotonic) -> None:
        self._configured = configured
        self._clock = clock
        self._began: float | None = None
        self._failures = 0

    def next(self, request: ChatRequest) -> Fault | None:
        """Raises InvalidRequest when the request asks for a fault that there is not."""
        fault = _asked(request) or _of_model(request.model) or self._configured
        if fault is None or not _concerns(fault, request):
            return None
        return None if fault is self._configured and self._has_passed(fault) else fault

    def _has_passed(self, fault: Fault) -> bool:
        now = self._clock()
        if self._began is None:
            self._began = now
        if fault.for_s is not None and now >= self._began + fault.for_s:
            return True
        self._failures += 1
        return fault.limit is not None and self._failures > fault.limit


def _concerns(fault: Fault, request: ChatRequest) -> bool:
    roles = [message["role"] for message in request.messages]
    return fault.name != "no-prefill" or roles[-1:] == ["assistant"]


def _asked(request: ChatRequest) -> Fault | None:
    """`{"mock_fault": "cut", "mock_fault_after": "5"}`, or `x-mock-fault-after: 5`: all strings."""
    metadata = request.members.get("metadata")
    if isinstance(metadata, dict) and KEY in metadata:
        return _fault(metadata, param=f"metadata.{KEY}")
    if HEADER in request.headers:
        headers = request.headers.items()
        asked = {name.removeprefix("x-").replace("-", "_"): value for name, value in headers}
        return _fault(asked, param=HEADER)
    return None


def _fault(asked: Mapping[str, Any], param: str) -> Fault:
    details = {
        name.removeprefix(f"{KEY}_"): value
        for name, value in asked.items()
        if name.startswith(f"{KEY}_")
    }
    try:
        return Fault.model_validate({**details, "name": asked[KEY]})
    except ValidationError as exc:
        known = ", ".join(NAMES)
        raise InvalidRequest(
            f"There is no such fault of the mock (there are: {known}).", param=param
        ) from exc


def _of_model(model: str) -> Fault | None:
    name = model.removeprefix(MODEL_PREFIX)
    return Fault.model_validate({"name": name}) if name != model and name in NAMES else None


def as_relayed(fault: Fault) -> ApiError:
    """The error that a relay makes of this fault of its upstream."""
    kind, message = ERRORS.get(fault.name, (UpstreamFailed, BROKEN))
    return kind(message, headers=fault.headers)
