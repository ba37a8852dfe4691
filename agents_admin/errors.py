"""What can go wrong, by what the caller can do about it, as RFC 9457 problems.

    Problem 500               nothing: the log knows more
     + Unauthorized 401       use an admin key
     + Forbidden 403          use one with the role that is named
     + NotFound 404           ask for something that exists
     + Conflict 409           what is asked does not fit the state of things
     + PreconditionFailed 412 get the thing again: it has changed since
     + ValidationFailed 422   change the request
     + TooManyRequests 429    wait `retry-after`
     + VendorFailed 502       Simli failed; the detail says what to do
        + VendorBusy 429      wait `retry-after`, or let a session end
     + NotConfigured 503      change the settings

See https://www.rfc-editor.org/rfc/rfc9457.
"""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar, TypedDict

from agents_admin.simli import (
    SimliError,
    SimliKeyMissing,
    SimliRateLimited,
    SimliRejected,
    SimliUnreachable,
)

# Where Simli does not say how long to wait: seen to be enough in the field.
USUAL_WAIT_S = 30


class FieldError(TypedDict, total=False):
    """One wrong place of a request: `pointer` into its body (RFC 6901), or a `parameter`."""

    pointer: str
    parameter: str
    detail: str


class Problem(Exception):
    """A problem the caller is told of. Details and members hold no secrets."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    type: ClassVar[str] = "about:blank"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members


class Unauthorized(Problem):
    """No admin key, or a wrong one."""

    status = HTTPStatus.UNAUTHORIZED
    headers = MappingProxyType({"www-authenticate": "Bearer"})


class Forbidden(Problem):
    """The key has not the role that this needs."""

    status = HTTPStatus.FORBIDDEN


class NotFound(Problem):
    """There is no such thing."""

    status = HTTPStatus.NOT_FOUND


class Conflict(Problem):
    """What is asked does not fit the state of things."""

    status = HTTPStatus.CONFLICT


class PreconditionFailed(Problem):
    """It is no longer the version that `if-match` names."""

    status = HTTPStatus.PRECONDITION_FAILED


class ValidationFailed(Problem):
    """The request cannot be used as it is."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    type = "/problems/validation"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("The request is not valid; `errors` says where.", errors=list(errors))


class TooManyRequests(Problem):
    """The key has called too often."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    type = "/problems/too-many-requests"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.headers = {"retry-after": str(retry_after_s)}


class VendorFailed(Problem):
    """Simli failed, or refused."""

    status = HTTPStatus.BAD_GATEWAY
    type = "/problems/vendor-failed"


class VendorBusy(VendorFailed):
    """Simli has too much to do for this account, and did nothing."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    type = "/problems/vendor-busy"

    def __init__(self, detail: str, *, retry_after_s: int, **members: Any) -> None:
        super().__init__(detail, **members)
        self.headers = {"retry-after": str(retry_after_s)}


class NotConfigured(Problem):
    """A setting is missing that this needs."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    type = "/problems/not-configured"


def vendor_failed(exc: SimliError, **members: Any) -> VendorFailed:
    """Tell the caller what Simli did, and what to do about it."""
    if isinstance(exc, SimliRateLimited):
        return VendorBusy(_advice(exc), retry_after_s=_wait_s(exc), **members)
    return VendorFailed(_advice(exc), **members)


def _advice(exc: SimliError) -> str:
    match exc:
        case SimliKeyMissing():
            return (
                f"Simli was not asked: {exc.reason} Set it (or SIMLI_LLM_SIMLI__API_KEY) "
                "and start the server again."
            )
        case SimliUnreachable():
            return f"Simli gave no answer: {exc.reason}. Try again in a moment."
        case SimliRateLimited():
            return (
                f"Simli has too much to do for this account: {exc.reason}. "
                f"Wait {_wait_s(exc)} s, or let a running session end, then try again."
            )
        case SimliRejected():
            return f"Simli refused: {exc.reason}. {_advice_on_status(exc.status)}"
    return (
        f"Simli's answer was not understood: {exc.reason} Its API may have changed, "
        "or `simli.base_url` is not Simli's."
    )


def _wait_s(exc: SimliRateLimited) -> int:
    return USUAL_WAIT_S if exc.retry_after_s is None else max(1, math.ceil(exc.retry_after_s))


def _advice_on_status(status: int) -> str:
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return "Check `simli.api_key`."
        case HTTPStatus.PAYMENT_REQUIRED:
            return "Check the billing of your Simli account."
        case HTTPStatus.NOT_FOUND:
            return "Check `simli.base_url`: Simli may have removed this part of its API."
    return "Change what the reason names, then try again."
