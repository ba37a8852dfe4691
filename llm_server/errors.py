"""What can go wrong, by what the caller can do about it, in OpenAI's error envelope.

    ApiError 500                 anything unexpected
     + InvalidRequest 400        change the request
     |  + RequestTooLarge 413
     |  + UnsupportedMediaType 415
     |  + RequestTimedOut 408
     |  + ContextTooLong        shorten the conversation, or ask a larger model
     |  + ContentFiltered       say something else
     + InvalidApiKey 401         use another key
     + PermissionDenied 403      use a key that may do this
     + NotFound 404              there is nothing at that address
     |  + ModelNotFound          ask for another model
     |  + MethodNotAllowed 405
     + RateLimited 429           wait, then try again
     + UpstreamFailed 502        try again, or another model
     |  + UpstreamRefused       ask another model: this one will refuse again
     |  + EmptyAnswer
     + UpstreamTimedOut 504      try again, or another model

OpenAI's clients read all four members of the envelope, so all four are always there.
"""

from collections.abc import Iterable
from math import isfinite
from typing import ClassVar, TypedDict


class ErrorBody(TypedDict):
    message: str
    type: str
    param: str | None
    code: str | None


class Envelope(TypedDict):
    error: ErrorBody


class ApiError(Exception):
    """An error that the caller is told of. The message is for people; it holds no secrets."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    code: ClassVar[str | None] = None
    transient: ClassVar[bool] = False
    """Whether the same upstream may well answer when it is asked again at once."""

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        upstream_code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.upstream_code = upstream_code
        """Told to the caller in place of `code`; an upstream may write anything there."""
        self.headers = headers or {}

    def envelope(self) -> Envelope:
        return {
            "error": {
                "message": self.message,
                "type": self.type,
                "param": self.param,
                "code": self.upstream_code or self.code,
            }
        }

    @property
    def kind(self) -> str:
        """A short stable word for logs, turns and metrics."""
        return self.code or self.type


class InvalidRequest(ApiError):
    """The request cannot be answered as it is."""

    status = 400
    type = "invalid_request_error"


class RequestTooLarge(InvalidRequest):
    """The body is larger than the server takes."""

    status = 413
    code = "request_too_large"


class UnsupportedMediaType(InvalidRequest):
    """The body is not JSON."""

    status = 415
    code = "unsupported_media_type"


class RequestTimedOut(InvalidRequest):
    """The body did not come in time."""

    status = 408
    code = "request_timeout"


class ContextTooLong(InvalidRequest):
    """The conversation is longer than the model takes."""

    code = "context_length_exceeded"


class ContentFiltered(InvalidRequest):
    """The upstream refuses to answer this."""

    code = "content_filter"


class InvalidApiKey(ApiError):
    """The key opens nothing here."""

    status = 401
    type = "invalid_request_error"
    code = "invalid_api_key"


class PermissionDenied(ApiError):
    """The key is valid, but not for this."""

    status = 403
    type = "invalid_request_error"
    code = "insufficient_permissions"


class NotFound(ApiError):
    """There is nothing at that address."""

    status = 404
    type = "invalid_request_error"
    code = "not_found"


class ModelNotFound(NotFound):
    """No model of that name is configured."""

    code = "model_not_found"


class MethodNotAllowed(NotFound):
    """The address is right, the method is not."""

    status = 405
    code = "method_not_allowed"


class RateLimited(ApiError):
    """Too much at once. `retry-after` in the headers, where it is known, says how long to wait."""

    status = 429
    type = "rate_limit_error"
    code = "rate_limit_exceeded"

    @property
    def retry_after_s(self) -> float | None:
        """How long the upstream wants to be left alone, if it said so in seconds."""
        try:
            delay_s = float(self.headers["retry-after"])
        except (KeyError, ValueError):
            return None
        return max(0.0, delay_s) if isfinite(delay_s) else None


class UpstreamFailed(ApiError):
    """The model could not be reached, or broke off."""

    status = 502
    code = "upstream_failed"
    transient = True


class UpstreamRefused(UpstreamFailed):
    """The upstream refused our key, or knows no such model."""

    transient = False


class EmptyAnswer(UpstreamFailed):
    """The model ended its answer without a word. Only who listens is told."""

    code = "empty_answer"
    transient = False


class UpstreamTimedOut(ApiError):
    """The model took too long to begin, or stopped in the middle."""

    status = 504
    code = "upstream_timed_out"


def http_headers(error: ApiError) -> dict[str, str]:
    """The headers that go with an error."""
    if isinstance(error, InvalidApiKey):
        return {"www-authenticate": "Bearer", **error.headers}
    return error.headers


def model_not_found(name: str, known: Iterable[str]) -> ModelNotFound:
    return ModelNotFound(
        f"The model {name!r} does not exist. This server has: {', '.join(known)}.", param="model"
    )


def internal_error() -> ApiError:
    """What a caller is told of a failure that nobody foresaw: nothing that could leak."""
    return ApiError("The server had an error. Its log knows more.")
