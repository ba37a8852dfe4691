"""What Anthropic's errors mean to our caller.

https://platform.claude.com/docs/en/api/errors
"""

from llm_server.errors import (
    ApiError,
    InvalidRequest,
    RateLimited,
    RequestTooLarge,
    UpstreamFailed,
    UpstreamTimedOut,
)

# The type says more than the status: an error in the middle of a stream has none.
STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def api_error(
    type_: str | None, message: str | None, *, status: int = 500, retry_after: str | None = None
) -> ApiError:
    match STATUSES.get(type_ or "", status):
        case 400 | 422:
            return InvalidRequest(message or "The upstream refused the request.")
        case 401 | 403:
            # Our configuration is wrong, not the caller's key.
            return UpstreamFailed("The upstream refused the key that this server has for it.")
        case 413:
            return RequestTooLarge("The request is larger than the model takes.")
        case 429:
            headers = {"retry-after": retry_after} if retry_after else None
            return RateLimited("The model is busy.", headers=headers)
        case 504:
            return UpstreamTimedOut("The model took too long.")
        case 529:
            return UpstreamFailed("The model is overloaded.")
        case other:
            return UpstreamFailed(f"The upstream answered with status {other}.")
