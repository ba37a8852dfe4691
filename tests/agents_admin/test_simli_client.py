from collections.abc import AsyncIterator

import httpx
import pytest

from agents_admin import simli
from agents_admin.settings import SimliSettings
from agents_admin.simli import CustomLlmConfig, SimliClient, SimliRejected, StartSession
from agents_admin.simli.reasons import explain
from tests.agents_admin.fake_simli import STARTED, FakeSimli

START = StartSession(
    language="en", max_session_length_s=60, max_idle_time_s=10, create_transcript=True
)


@pytest.fixture
def fake() -> FakeSimli:
    return FakeSimli()


@pytest.fixture
async def client(fake: FakeSimli) -> AsyncIterator[SimliClient]:
    settings = SimliSettings.model_validate({"api_key": "clé\n", "base_url": "http://simli.local/"})
    async with simli.connect(settings, httpx.MockTransport(fake)) as client:
        yield client


async def test_every_wait_has_an_end(client: SimliClient, fake: FakeSimli) -> None:
    await client.start_session(START)

    timeouts = fake.requests[0].extensions["timeout"]
    assert timeouts == {"connect": 5, "read": 30, "write": 10, "pool": 10}


async def test_a_key_of_any_characters_is_sent(client: SimliClient, fake: FakeSimli) -> None:
    await client.start_session(START)

    assert (b"x-simli-api-key", "clé".encode()) in fake.requests[0].headers.raw


async def test_unknown_members_of_an_answer_are_ignored(
    client: SimliClient, fake: FakeSimli
) -> None:
    fake.start = httpx.Response(200, json=STARTED | {"region": "eu", "expiry": None})

    started = await client.start_session(START)

    assert (started.session_id, started.room_url) == (STARTED["sessionId"], STARTED["roomUrl"])


async def test_a_refusal_carries_its_status(client: SimliClient, fake: FakeSimli) -> None:
    fake.start = httpx.Response(429)

    with pytest.raises(SimliRejected) as caught:
        await client.start_session(START)

    assert caught.value.status == 429


def test_keys_are_not_shown() -> None:
    config = CustomLlmConfig(model="m", base_url="https://x", api_key="sk-session-secret")

    request = START.model_copy(update={"custom_llm_config": config, "system_prompt": "private"})

    assert "sk-session-secret" not in repr(request)
    assert "private" not in repr(request)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"detail": "No."}', "No."),
        (
            b'{"detail": [{"loc": ["body", 0], "msg": "Bad", "type": "x", "input": "sk"}]}',
            "body.0: Bad (x)",
        ),
        (b'{"detail": [{"msg": "Bad"}, 7]}', "Bad; an error of an unknown kind"),
        (b'{"error": "No.", "code": "E1"}', "No. (E1)"),
        (b'{"error": "No.", "code": null}', "No."),
        (b'{"detail": {"secret": "sk"}}', ""),
        (b'["sk"]', ""),
        (b"<html>sk</html>", ""),
        (b"\xff", ""),
        (b"", ""),
    ],
)
def test_only_known_errors_are_quoted(body: bytes, reason: str) -> None:
    assert explain(body, []) == reason


def test_a_reason_is_short_and_holds_no_half_of_a_key() -> None:
    body = b'{"error": "%s%s"}' % (b"x" * 195, b"sk-secret")

    reason = explain(body, ["sk-secret", ""])

    assert reason == "x" * 195 + "[reda"


async def test_usage_comes_with_simli_s_clock(client: SimliClient, fake: FakeSimli) -> None:
    date = "Mon, 02 Nov 2026 10:00:00 GMT"
    fake.transcript = httpx.Response(200, json={"currentUsage": 2}, headers={"date": date})

    usage = await client.usage()

    assert (usage.current_usage, usage.date) == (2, date)
    assert fake.requests[0].url.path == "/ratelimiter/sessions"
