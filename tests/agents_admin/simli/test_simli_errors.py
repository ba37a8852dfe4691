"""What the client says of failures, and that it tells no secrets."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from agents_admin.simli import (
    CreateToken,
    IceServer,
    SessionToken,
    SimliClient,
    SimliConfused,
    SimliError,
    SimliKeyMissing,
    SimliRejected,
    SimliUnreachable,
    StartSession,
    TokenIn,
)
from agents_admin.simli.reasons import explain
from tests.agents_admin.simli.every_call import (
    FULL_SESSION,
    FULL_TOKEN,
    FULL_VIDEO,
    IMAGE,
    LIVEKIT,
)
from tests.agents_admin.simli.scripted import SIMLI_KEY, STARTED, ScriptedSimli

Call = Callable[[SimliClient], Awaitable[Any]]


@pytest.mark.parametrize(
    ("call", "read_s"),
    [
        (lambda c: c.start_session(StartSession()), 30),
        (lambda c: c.transcript("s"), 10),
        (lambda c: c.create_video(FULL_VIDEO), 120),
        (lambda c: c.reframe_trinity_image(IMAGE), 240),
    ],
)
async def test_every_wait_has_an_end(
    client: SimliClient, fake: ScriptedSimli, call: Call, read_s: float
) -> None:
    await call(client)

    timeout = fake.requests[0].extensions["timeout"]
    assert (timeout["connect"], timeout["read"]) == (5, read_s)
    assert None not in timeout.values()


async def test_how_long_an_answer_was_waited_for_is_told(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    fake.will(httpx.ReadTimeout("slow"))

    with pytest.raises(SimliUnreachable, match="no answer within 120 s"):
        await client.create_video(FULL_VIDEO)


async def test_a_refusal_carries_its_status_and_what_it_names(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    error = {"loc": ["body", "voiceId", 0], "msg": "Bad", "type": "bad"}
    fake.will(httpx.Response(422, json={"detail": [error]}))

    with pytest.raises(SimliRejected) as caught:
        await client.start_session(StartSession())

    assert caught.value.status == 422
    assert caught.value.members == {"body", "voiceId"}


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, b'{"detail": "No."}', "400 No."),
        (
            422,
            b'{"detail": [{"loc": ["body", 0], "msg": "Bad", "type": "x", "input": "sk"}]}',
            "422 body.0: Bad (x)",
        ),
        (422, b'{"detail": [{"msg": "Bad"}, 7]}', "422 Bad; an error of an unknown kind"),
        (400, b'{"error": "No.", "code": "E1"}', "400 No. (E1)"),
        (400, b'{"error": "No.", "code": null}', "400 No."),
        (400, b'{"detail": {"secret": "sk"}}', "400 Bad Request"),
        (401, b'["sk"]', "401 Unauthorized"),
        (500, b"<html>sk</html>", "500 Internal Server Error"),
        (520, b"sk", "520"),
        (404, b"\xff", "404 Not Found"),
        (402, b"", "402 Payment Required"),
        (402, b"<html>sk</html>", "402 Payment Required"),
        (402, b"No minutes\n left.\xff", "402 No minutes left.\ufffd"),
        (402, b'"sk"', "402 Payment Required"),
        (
            402,
            b'{"detail": "BILLING_ERROR"}',
            "402 BILLING_ERROR: the account's plan or balance does not allow it",
        ),
        (
            402,
            b'{"error": "No.", "code": "MISSING_BILLING_INFO"}',
            "402 No. (MISSING_BILLING_INFO): the account has no billing information",
        ),
    ],
)
def test_only_known_errors_are_quoted(status: int, body: bytes, reason: str) -> None:
    assert explain(status, body, []) == reason


def test_a_reason_is_short_and_holds_no_half_of_a_key() -> None:
    body = b'{"error": "%s%s"}' % (b"x" * 195, b"sk-secret")

    reason = explain(400, body, ["sk-secret", ""])

    assert reason == "400 " + "x" * 195 + "[reda"


@pytest.mark.parametrize("answer", [httpx.Response(302, headers={"location": "/x"}), 304])
@pytest.mark.parametrize(
    "call",
    [lambda c: c.start_session(StartSession()), lambda c: c.start_agent("a", "t")],
)
async def test_a_redirect_that_was_not_asked_for_is_no_answer(
    client: SimliClient, fake: ScriptedSimli, call: Call, answer: httpx.Response | int
) -> None:
    fake.will(httpx.Response(answer) if isinstance(answer, int) else answer)

    with pytest.raises(SimliConfused, match="is no answer to"):
        await call(client)


@pytest.mark.parametrize("simli_key", ["clé\n"])
async def test_a_key_of_any_characters_is_sent(client: SimliClient, fake: ScriptedSimli) -> None:
    await client.transcript("s")

    raw = fake.requests[0].headers.raw
    assert (b"x-simli-api-key", "clé".encode()) in raw
    assert (b"api-key", "clé".encode()) in raw


@pytest.mark.parametrize("simli_key", [" "])
async def test_without_a_key_only_what_needs_none_is_asked(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    for call in (client.usage, client.list_faces):
        with pytest.raises(SimliKeyMissing):
            await call()
    assert fake.requests == []

    await client.start_agent("agent", "token")
    await client.get_hls_file("d", "f")

    assert all("x-simli-api-key" not in request.headers for request in fake.requests)


@pytest.mark.parametrize("strange", ["", ".", ".."])
async def test_an_id_cannot_lead_elsewhere(
    client: SimliClient, fake: ScriptedSimli, strange: str
) -> None:
    with pytest.raises(SimliConfused, match="is no id"):
        await client.delete_agent(strange)

    assert fake.requests == []


ECHOED = [
    (lambda c: c.start_session(FULL_SESSION), ["sk-tts", "sk-1", "sk-2", SIMLI_KEY]),
    (lambda c: c.create_token(FULL_TOKEN), ["sk-tts", "sk-llm", SIMLI_KEY]),
    (lambda c: c.start_livekit_agent(LIVEKIT), ["token-s", "token-l"]),
    (lambda c: c.start_agent("agent", "sk/token"), ["sk/token", "sk%2Ftoken"]),
    (lambda c: c.start_agent("agent", "sk/token", TokenIn.HEADER), ["sk/token"]),
]


@pytest.mark.parametrize(("call", "secrets"), ECHOED)
async def test_secrets_that_simli_sends_back_go_nowhere(
    client: SimliClient,
    fake: ScriptedSimli,
    caplog: pytest.LogCaptureFixture,
    call: Call,
    secrets: list[str],
) -> None:
    caplog.set_level("DEBUG")
    fake.will(
        httpx.Response(429, json={"error": " ".join(secrets)}),
        httpx.Response(400, json={"error": " ".join(secrets)}),
    )

    with pytest.raises(SimliError) as caught:
        await call(client)

    logged = caplog.text
    logging.getLogger("test").exception("failed", exc_info=caught.value)
    for secret in secrets:
        assert secret not in logged + repr(caught.value) + caplog.text
    assert "[redacted]" in caught.value.reason


@pytest.mark.parametrize("simli_key", ["sk-a\nb"])
async def test_a_key_that_cannot_be_sent_is_not_shown(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    fake.will(httpx.LocalProtocolError("Illegal header value b'sk-a\\nb'"))

    with pytest.raises(SimliUnreachable) as caught:
        await client.usage()

    assert "sk-a" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_keys_are_not_shown(client: SimliClient, fake: ScriptedSimli) -> None:
    fake.will(httpx.Response(200, json=STARTED | {"botKey": "sk-unknown"}))
    shown = [
        FULL_SESSION,
        FULL_TOKEN,
        LIVEKIT,
        await client.start_session(FULL_SESSION),
        SessionToken(session_token="sk-token", token="sk-other"),
        IceServer(urls=["stun:x"], credential="sk-credential"),
    ]

    texts = " ".join(map(repr, shown))
    for secret in ("sk-", "token-s", "token-l", "You are Ada."):
        assert secret not in texts


def test_a_request_that_is_wrong_is_not_quoted() -> None:
    with pytest.raises(ValueError, match="1 validation error") as caught:
        CreateToken(llm_key="sk-llm")  # type: ignore[call-arg]

    assert "sk-llm" not in str(caught.value)
