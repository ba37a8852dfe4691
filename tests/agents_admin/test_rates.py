import httpx
import pytest

from agents_admin.errors import TooManyRequests
from agents_admin.rates import RequestRates
from agents_admin.settings import Settings
from tests.agents_admin.databases import one_database_is_enough


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rates(clock: Clock) -> RequestRates:
    return RequestRates(30, clock)


def take_all(rates: RequestRates) -> int:
    """How many requests pass, before one is told to wait."""
    for count in range(1000):
        try:
            rates.take("a")
        except TooManyRequests:
            return count
    raise AssertionError("there is no end to them")


def test_a_minutes_requests_may_come_at_once(rates: RequestRates) -> None:
    assert take_all(rates) == 30


def test_requests_come_back_with_time(rates: RequestRates, clock: Clock) -> None:
    take_all(rates)

    clock.now += 10

    assert take_all(rates) == 5


def test_no_more_than_a_minutes_requests_are_saved_up(rates: RequestRates, clock: Clock) -> None:
    take_all(rates)

    clock.now += 3600

    assert take_all(rates) == 30


def test_who_waits_as_told_passes(rates: RequestRates, clock: Clock) -> None:
    take_all(rates)
    with pytest.raises(TooManyRequests) as refusal:
        rates.take("a")

    clock.now += int(refusal.value.headers["retry-after"])

    rates.take("a")


def test_keys_do_not_take_from_each_other(rates: RequestRates) -> None:
    take_all(rates)

    rates.take("b")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    admin = settings.admin.model_copy(update={"requests_per_minute": 2})
    return settings.replace(admin=admin)


@one_database_is_enough
async def test_too_many_requests_are_told_when_to_come_back(client: httpx.AsyncClient) -> None:
    answers = [await client.get("/v1/agents") for _ in range(3)]
    other = await client.get("/v1/agents", headers={"authorization": "Bearer another-admin-key"})

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert other.status_code == 200
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert answers[2].json()["type"] == "/problems/too-many-requests"


@one_database_is_enough
async def test_an_endpoint_that_needs_more_than_a_viewer_counts_once(
    client: httpx.AsyncClient,
) -> None:
    answers = [await client.post("/v1/agents", json={}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [422, 422]
