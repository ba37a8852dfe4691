from dataclasses import replace
from uuid import uuid4

from llm_server.keys import SessionClaims
from llm_server.tools.cache import ResultCache, key_of


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_result_is_of_one_session_tool_and_arguments(claims: SessionClaims) -> None:
    cache = ResultCache()
    cache.keep(key_of(claims, "find", {"id": 7}), "found")

    assert cache.get(key_of(claims, "find", {"id": 7})) == "found"
    assert cache.get(key_of(claims, "find", {"id": 8})) is None
    assert cache.get(key_of(claims, "count", {"id": 7})) is None
    assert cache.get(key_of(replace(claims, session_id=uuid4()), "find", {"id": 7})) is None


def test_a_result_is_kept_for_its_time(claims: SessionClaims) -> None:
    clock = Clock()
    cache = ResultCache(max_age_s=60, clock=clock)
    key = key_of(claims, "find", {})
    cache.keep(key, "found")

    clock.now = 60
    assert cache.get(key) == "found"
    clock.now = 61
    assert cache.get(key) is None


def test_the_result_that_was_not_asked_for_longest_goes_first(claims: SessionClaims) -> None:
    cache = ResultCache(size=2)
    one, two, three = (key_of(claims, "find", {"id": n}) for n in range(3))
    cache.keep(one, "1")
    cache.keep(two, "2")
    cache.get(one)

    cache.keep(three, "3")

    assert [cache.get(key) for key in (one, two, three)] == ["1", None, "3"]
