import pytest

from llm_server.backends.upstream_errors import status_error
from llm_server.errors import (
    ContentFiltered,
    ContextTooLong,
    InvalidRequest,
    RateLimited,
    UpstreamFailed,
    UpstreamRefused,
)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("context_length_exceeded", "Something."),
        ("exceed_context_size_error", "the request exceeds the available context size"),
        (None, "This model's maximum context length is 8192 tokens."),
        (None, "prompt is too long: 210000 tokens > 200000 maximum"),
        (None, "The input token count exceeds the maximum number of tokens allowed."),
    ],
)
def test_a_conversation_that_is_too_long_is_known_in_every_dialect(
    code: str | None, message: str
) -> None:
    assert type(status_error(400, message, code=code)) is ContextTooLong


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("content_filter", "The response was filtered."),
        ("content_policy_violation", "No."),
        (None, "It triggered Azure OpenAI's content management policy."),
    ],
)
def test_a_filter_is_known_too(code: str | None, message: str) -> None:
    assert type(status_error(400, message, code=code)) is ContentFiltered


def test_any_other_refusal_is_the_caller_s_to_mend() -> None:
    error = status_error(422, "temperature: too hot", param="temperature")

    assert type(error) is InvalidRequest
    assert (error.message, error.param) == ("temperature: too hot", "temperature")


@pytest.mark.parametrize(("status", "transient"), [(401, False), (404, False), (500, True)])
def test_only_what_may_pass_is_transient(status: int, transient: bool) -> None:
    error = status_error(status, "sk-secret is wrong")

    assert error.transient is transient
    assert isinstance(error, UpstreamFailed)
    assert "secret" not in error.message


def test_a_key_that_was_refused_is_no_fault_of_the_caller() -> None:
    assert isinstance(status_error(403), UpstreamRefused)
    assert status_error(403).status == 502


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("2", 2.0), ("0.25", 0.25), ("Wed, 21 Oct 2026", None), (None, None)],
)
def test_a_delay_is_kept_as_it_is_and_read_if_it_is_in_seconds(
    retry_after: str | None, seconds: float | None
) -> None:
    error = status_error(429, retry_after=retry_after)

    assert isinstance(error, RateLimited)
    assert error.headers.get("retry-after") == retry_after
    assert error.retry_after_s == seconds
