"""What Anthropic's errors mean to our caller.

https://platform.claude.com/docs/en/api/errors
"""

from llm_server.backends.upstream_errors import status_error
from llm_server.errors import ApiError, UpstreamFailed

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
    status = STATUSES.get(type_ or "", status)
    if status == 529:
        return UpstreamFailed("The model is overloaded.")
    return status_error(status, message, retry_after=retry_after)
