"""Which fault a request gets, and what it looks like to whoever relays to a broken upstream."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import ValidationError

from llm_server.backends.mock.options import Fault, FaultName
from llm_server.errors import ApiError, InvalidRequest, RateLimited, UpstreamFailed, UpstreamRefused
from llm_server.protocol import ChatRequest

NAMES: tuple[str, ...] = get_args(FaultName)

# `metadata` is a member of OpenAI's own, so every client can send it, and relays pass it on.
KEY = "mock_fault"

# For who cannot change the body, such as a test of a whole client.
HEADER = "x-mock-fault"

# A model of this name has the fault: `mock-cut`.
MODEL_PREFIX = "mock-"


class Faults:
    """Chooses faults: the request's own, its model's, or the configured one, for as long as it
    lasts."""

    def __init__(self, configured: Fault | None) -> None:
        self._configured = configured
        self._left = configured.limit if configured else None

    def next(self, request: ChatRequest) -> Fault | None:
        """Raises InvalidRequest when the request asks for a fault that there is not."""
        return _asked(request) or _of_model(request.model) or self._next_configured()

    def _next_configured(self) -> Fault | None:
        if self._left is None:
            return self._configured
        self._left -= 1
        return self._configured if self._left >= 0 else None


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
    match fault.name:
        case "401":
            return UpstreamRefused("The upstream refused the key that this server has for it.")
        case "429":
            return RateLimited("The model is busy.")
        case "429-retry-after":
            headers = {"retry-after": f"{fault.retry_after_s:g}"}
            return RateLimited("The model is busy.", headers=headers)
        case "500" | "503":
            return UpstreamFailed(f"The upstream answered with status {fault.name}.")
        case "reset":
            return UpstreamFailed("The upstream could not be reached.")
        case "malformed" | "oversized":
            return UpstreamFailed("The model sent something that is not a chunk.")
        case _:
            return UpstreamFailed("The connection to the model broke.")
