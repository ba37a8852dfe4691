"""How long the mock takes, as planned: nothing here waits."""

from statistics import quantiles
from typing import Any

import pytest
from pydantic import ValidationError

from llm_server.backends.mock.options import MockOptions
from llm_server.backends.mock.plan import Planner
from llm_server.protocol import ChatRequest

REQUEST = ChatRequest("mock", [{"role": "user", "content": "Hi!"}])
PROFILE = {"p50": 0.2, "p90": 0.5, "p99": 1.2}


def waits(count: int = 1, **options: Any) -> list[list[float]]:
    """The waits of the events of each of so many answers."""
    planner = Planner(MockOptions.model_validate({"reply": "one two three", **options}))
    return [[step.wait_s for step in planner.plan(REQUEST).steps] for _ in range(count)]


def test_fixed_numbers_are_waited_before_each_token_and_not_before_the_end() -> None:
    assert waits(first_token_s=0.5, token_s=0.1) == [[0.5, 0.1, 0.1, 0, 0]]


def test_percentiles_are_met() -> None:
    first = sorted(wait[0] for wait in waits(4000, first_token_s=PROFILE, seed=1))

    cuts = quantiles(first, n=100)
    assert [cuts[49], cuts[89], cuts[98]] == pytest.approx([0.2, 0.5, 1.2], rel=0.1)
    assert (first[0], first[-1]) == (0.2, 1.2)


def test_a_seed_draws_the_same_latencies_again() -> None:
    drawn = waits(5, first_token_s=PROFILE, token_s=PROFILE, seed=7)

    assert drawn == waits(5, first_token_s=PROFILE, token_s=PROFILE, seed=7)
    assert drawn != waits(5, first_token_s=PROFILE, token_s=PROFILE, seed=8)
    assert len({wait[0] for wait in drawn}) > 1


@pytest.mark.parametrize(
    ("latency", "problem"),
    [
        ({"p50": 0.5, "p90": 0.2}, "percentiles that do not fall"),
        ({"p101": 1}, "pattern"),
        ({"median": 1}, "pattern"),
        ({}, "at least 1"),
        (-1, "greater than or equal to 0"),
        ("soon", "expected seconds, or percentiles"),
    ],
)
def test_a_profile_that_cannot_be_is_refused(latency: object, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        MockOptions.model_validate({"token_s": latency})
