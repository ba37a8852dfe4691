"""What is asked once more, and what never is: a start that may have been heard is billed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from agents_admin.simli import (
    CreateToken,
    SimliClient,
    SimliError,
    SimliRateLimited,
    SimliRejected,
    SimliUnreachable,
    StartSession,
    TokenIn,
    TranscriptReady,
)
from agents_admin.simli.repeats import read_retry_after
from tests.agents_admin.simli.every_call import FULL_VIDEO, IMAGE, LIVEKIT
from tests.agents_admin.simli.scripted import STARTED, ScriptedSimli

Call = Callable[[SimliClient], Awaitable[Any]]

STARTS: list[Call] = [
    lambda client: client.start_session(StartSession()),
    lambda client: client.start_agent("agent", "token"),
    lambda client: client.start_agent("agent", "token", TokenIn.HEADER),
    lambda client: client.start_livekit_agent(LIVEKIT),
]
CHANGES: list[Call] = [
    *STARTS,
    lambda client: client.create_token(CreateToken()),
    lambda client: client.delete_agent("agent"),
    lambda client: client.create_trinity_face(IMAGE),
    lambda client: client.create_video(FULL_VIDEO),
]
READS: list[Call] = [
    lambda client: client.transcript("session"),
    lambda client: client.list_agents(),
    lambda client: client.list_history(),
    lambda client: client.get_mp4_file("d", "f"),
]
NOTHING_SENT = [httpx.ConnectError("no"), httpx.ConnectTimeout("no"), httpx.PoolTimeout("no")]
MAYBE_HEARD = [
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("cut"),
    httpx.WriteError("cut"),
    httpx.RemoteProtocolError("cut"),
    httpx.ProxyError("no"),
    httpx.Response(500),
    httpx.Response(503, headers={"retry-after": "1"}),
]
SAID = httpx.Response(200, json=[{"role": "user", "content": "Hi."}])
OK = httpx.Response(200, json=STARTED | {"session_id": "s"})


@pytest.mark.parametrize("call", CHANGES)
@pytest.mark.parametrize("failure", MAYBE_HEARD)
async def test_a_change_that_may_have_been_heard_is_never_asked_again(
    client: SimliClient, fake: ScriptedSimli, call: Call, failure: httpx.Response | Exception
) -> None:
    fake.will(failure, OK)

    with pytest.raises(SimliUnreachable) as caught:
        await call(client)

    assert caught.value.sent
    assert (len(fake.requests), fake.waits) == (1, [])


@pytest.mark.parametrize("call", STARTS)
@pytest.mark.parametrize("failure", NOTHING_SENT)
async def test_a_start_that_was_never_sent_is_asked_again(
    client: SimliClient, fake: ScriptedSimli, call: Call, failure: Exception
) -> None:
    fake.will(failure, failure, OK)

    await call(client)

    assert len(fake.requests) == 3


@pytest.mark.parametrize("call", CHANGES)
async def test_a_simli_that_cannot_be_reached_is_given_up(
    client: SimliClient, fake: ScriptedSimli, call: Call
) -> None:
    fake.will(httpx.ConnectError("no"))

    with pytest.raises(SimliUnreachable) as caught:
        await call(client)

    assert not caught.value.sent
    assert len(fake.requests) == 3


@pytest.mark.parametrize("failure", [*NOTHING_SENT, *MAYBE_HEARD])
async def test_what_changes_nothing_is_asked_again(
    client: SimliClient, fake: ScriptedSimli, failure: httpx.Response | Exception
) -> None:
    fake.will(failure, failure, SAID)

    assert isinstance(await client.transcript("session"), TranscriptReady)


@pytest.mark.parametrize("call", READS)
async def test_what_changes_nothing_is_asked_three_times_at_most(
    client: SimliClient, fake: ScriptedSimli, call: Call
) -> None:
    fake.will(httpx.Response(500))

    with pytest.raises(SimliUnreachable):
        await call(client)

    first, second = fake.waits
    assert 0.5 <= first <= 0.6
    assert 1 <= second <= 1.2


@pytest.mark.parametrize("status", [400, 401, 402, 404, 409, 422, 429])
@pytest.mark.parametrize("call", [READS[1], CHANGES[-1]])
async def test_a_refusal_is_final(
    client: SimliClient, fake: ScriptedSimli, call: Call, status: int
) -> None:
    fake.will(httpx.Response(status))

    with pytest.raises(SimliError):
        await call(client)

    assert len(fake.requests) == 1


@pytest.mark.parametrize("call", STARTS)
async def test_a_start_that_is_refused_for_the_rate_waits_longer_and_longer(
    client: SimliClient, fake: ScriptedSimli, call: Call
) -> None:
    fake.will(httpx.Response(429), httpx.Response(429), httpx.Response(429), OK)

    await call(client)

    assert fake.waits == [1.2, 2.5, 4]


async def test_a_start_that_stays_refused_is_given_up(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    fake.will(httpx.Response(429, json={"detail": "Too many sessions"}))

    with pytest.raises(SimliRateLimited) as caught:
        await client.start_session(StartSession())

    assert caught.value.retry_after_s is None
    assert caught.value.reason == "429 Too many sessions"
    assert len(fake.requests) == 4


async def test_simlis_own_wait_is_kept_to(client: SimliClient, fake: ScriptedSimli) -> None:
    fake.will(httpx.Response(429, headers={"retry-after": "7"}), OK)

    await client.start_session(StartSession())

    assert fake.waits == [7]


async def test_simlis_own_wait_is_kept_to_three_times(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    fake.will(httpx.Response(429, headers={"retry-after": "0"}))

    with pytest.raises(SimliRateLimited):
        await client.start_session(StartSession())

    assert fake.waits == [0, 0, 0]


async def test_nobody_waits_for_a_minute(client: SimliClient, fake: ScriptedSimli) -> None:
    fake.will(httpx.Response(429, headers={"retry-after": "60"}), OK)

    with pytest.raises(SimliRateLimited) as caught:
        await client.start_session(StartSession())

    assert caught.value.retry_after_s == 60
    assert fake.waits == []


async def test_after_a_wait_a_refusal_is_still_final(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    fake.will(httpx.Response(429), httpx.Response(402), OK)

    with pytest.raises(SimliRejected) as caught:
        await client.start_session(StartSession())

    assert caught.value.status == 402


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3), ("1.5", 1.5), ("-1", 0), ("soon", None), ("nan", None), ("inf", None), (None, None)],
)
def test_retry_after_may_be_seconds(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value) == seconds


def test_retry_after_may_be_a_date() -> None:
    now = datetime.now(UTC)
    later, earlier = now + timedelta(hours=1), now - timedelta(hours=1)

    assert 3590 < (read_retry_after(format_datetime(later, usegmt=True)) or 0) <= 3600
    assert read_retry_after(format_datetime(earlier, usegmt=True)) == 0
    assert read_retry_after("Mon, 23 Nov 2026 10:00:00") is None
