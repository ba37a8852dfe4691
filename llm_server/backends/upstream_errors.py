"""What a status of an upstream means to our caller. Vendors agree on those, not on their words."""

import re

from llm_server.errors import (
    ApiError,
    ContentFiltered,
    ContextTooLong,
    InvalidRequest,
    RateLimited,
    RequestTooLarge,
    UpstreamFailed,
    UpstreamRefused,
    UpstreamTimedOut,
)

# OpenAI and Azure: `context_length_exceeded`; llama.cpp: `exceed_context_size_error`; vLLM,
# Anthropic, Gemini and others say it in words only.
_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|maximum context|prompt is too long|too many tokens"
    r"|input token count|input is too long|reduce the length",
    re.I,
)
_FILTERED = re.compile(
    r"content[ _](filter|policy|management)|responsible[ _]?ai|safety[ _](system|violation)"
    r"|invalid_prompt",
    re.I,
)


def status_error(
    status: int,
    message: str | None = None,
    *,
    param: str | None = None,
    code: str | None = None,
    retry_after: str | None = None,
) -> ApiError:
    """`message`, `param` and `code` are the upstream's, and are told only of a request's faults."""
    match status:
        case 400 | 422:
            kind = _kind_of_refusal(f"{code or ''} {message or ''}")
            told = message or "The upstream refused the request."
            return kind(told, param=param, upstream_code=code)
        case 401 | 403:
            # Our configuration is wrong, not the caller's key.
            return UpstreamRefused("The upstream refused the key that this server has for it.")
        case 404:
            return UpstreamRefused("The upstream answered with status 404.")
        case 413:
            return RequestTooLarge("The request is larger than the model takes.")
        case 429:
            headers = {"retry-after": retry_after} if retry_after else None
            return RateLimited("The model is busy.", headers=headers)
        case 504:
            return UpstreamTimedOut("The model took too long.")
        case _:
            return UpstreamFailed(f"The upstream answered with status {status}.")


def _kind_of_refusal(said: str) -> type[InvalidRequest]:
    if _TOO_LONG.search(said):
        return ContextTooLong
    return ContentFiltered if _FILTERED.search(said) else InvalidRequest
