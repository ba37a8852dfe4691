"""Simli's answers are read leniently: only ids, and what an answer is all about, must be there."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from agents_admin.simli import (
    CreateComposeToken,
    CreateSimliAgent,
    CreateToken,
    Face,
    HistoryRecord,
    SimliClient,
    SimliConfused,
    SimliRejected,
    StartSession,
    TranscriptNotReady,
    TranscriptReady,
)
from tests.agents_admin.simli.every_call import FULL_VIDEO, ID, IMAGE, LIVEKIT
from tests.agents_admin.simli.scripted import STARTED, ScriptedSimli

AGENT = {
    "id": ID,
    "face_id": "tmp9i8bbq7c",
    "name": "Ada",
    "prompt": "You are Ada.",
    "voice_provider": "elevenlabs",
    "max_idle_time": 300,
    "max_session_length": 3600,
    "created_at": "2026-11-23T10:00:00Z",
}


async def test_members_that_are_not_known_are_kept(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    fake.will(httpx.Response(200, json=STARTED | {"region": "eu", "expiry": None}))

    started = await client.start_session(StartSession())

    assert (started.session_id, started.room_url) == (STARTED["sessionId"], STARTED["roomUrl"])
    assert started.model_extra == {"region": "eu", "expiry": None}


async def test_an_agent_is_read_under_our_names(client: SimliClient, fake: ScriptedSimli) -> None:
    fake.will(httpx.Response(201, json=AGENT))

    agent = await client.create_agent(CreateSimliAgent(face_id="tmp9i8bbq7c", name="Ada"))

    assert (agent.id, agent.system_prompt) == (ID, "You are Ada.")
    assert (agent.max_idle_time_s, agent.max_session_length_s) == (300, 3600)


async def test_what_cannot_be_read_counts_as_left_out(
    client: SimliClient, fake: ScriptedSimli
) -> None:
    fake.will(
        httpx.Response(200, json={"id": 7, "name": {}, "max_idle_time": "soon", "emotion": None})
    )

    agent = await client.get_agent(ID)

    assert (agent.id, agent.name, agent.max_idle_time_s, agent.emotion) == ("7", None, None, None)


@pytest.mark.parametrize("wrap", [lambda items: items, lambda items: {"count": 2, "x": items}])
async def test_a_list_may_be_wrapped(
    client: SimliClient, fake: ScriptedSimli, wrap: Callable[[Any], Any]
) -> None:
    fake.will(httpx.Response(200, json=wrap([{"id": "a"}, {"id": "b"}])))

    assert await client.list_faces() == [Face(id="a"), Face(id="b")]


@pytest.mark.parametrize("name", ["session_token", "sessionToken", "token"])
async def test_a_token_may_be_called_otherwise(
    client: SimliClient, fake: ScriptedSimli, name: str
) -> None:
    fake.will(httpx.Response(200, json={name: "gAAAA"}))

    assert (await client.create_token(CreateToken())).session_token == "gAAAA"


async def test_a_token_may_be_bare(client: SimliClient, fake: ScriptedSimli) -> None:
    fake.will(httpx.Response(200, json="gAAAA"))

    assert (await client.create_token(CreateToken())).session_token == "gAAAA"


async def test_the_token_of_a_refusal_is_none(client: SimliClient, fake: ScriptedSimli) -> None:
    refused = {"session_token": "FAIL TOKEN", "detail": "INVALID_FACE_ID"}
    fake.will(httpx.Response(400, json=refused))

    with pytest.raises(SimliRejected, match=r"^400 INVALID_FACE_ID: there is no such face$"):
        await client.create_compose_token(CreateComposeToken(face_id="x"))


async def test_history_is_read_under_our_names(client: SimliClient, fake: ScriptedSimli) -> None:
    record = {
        "id": "s",
        "face_id": "f",
        "endUserAggregator": "kiosk 7",
        "apiKeyName": "k",
        "sessionTotalTime": 1.5,
        "startTime": 1795428000,
        "endTime": 1795428002,
        "userId": "u",
    }
    fake.will(httpx.Response(200, json={"sessions": [record, {"id": "old"}]}))

    first, second = await client.list_history()

    assert first == HistoryRecord(
        id="s",
        face_id="f",
        end_user_aggregator="kiosk 7",
        api_key_name="k",
        total_time_s=1.5,
        started_at=1795428000,
        ended_at=1795428002,
        userId="u",
    )
    assert second == HistoryRecord(id="old")


@pytest.mark.parametrize("urls", ["stun:a", ["stun:a"]])
async def test_an_ice_server_may_have_one_url_or_more(
    client: SimliClient, fake: ScriptedSimli, urls: Any
) -> None:
    fake.will(httpx.Response(200, json=[{"urls": urls, "username": "u", "credential": "c"}]))

    [server] = await client.list_ice_servers()

    assert (server.urls, server.username, server.credential) == (["stun:a"], "u", "c")


async def test_usage_comes_with_simli_s_clock(client: SimliClient, fake: ScriptedSimli) -> None:
    date = "Mon, 02 Nov 2026 10:00:00 GMT"
    answer = httpx.Response(200, json={"currentUsage": 2, "limit": 5}, headers={"date": date})
    fake.will(answer)

    usage = await client.usage()

    assert (usage.current_usage, usage.date) == (2, date)


@pytest.mark.parametrize(
    ("raw", "face_id", "status"),
    [
        ({"face_id": "f", "status": "queued"}, "f", "queued"),
        ({"faceId": "f", "state": {}}, "f", None),
        (["f"], None, None),
        ("queued", None, None),
    ],
)
async def test_how_far_a_face_is_is_kept_as_it_came(
    client: SimliClient,
    fake: ScriptedSimli,
    raw: Any,
    face_id: str | None,
    status: str | None,
) -> None:
    fake.will(httpx.Response(200, json=raw))

    created = await client.create_trinity_face(IMAGE)

    assert created == await client.legacy_face_status("f")
    assert (created.raw, created.face_id, created.status) == (raw, face_id, status)


async def test_files_come_as_they_are(client: SimliClient, fake: ScriptedSimli) -> None:
    fake.will(httpx.Response(200, content=b"\x89PNG"))

    assert await client.reframe_trinity_image(IMAGE) == b"\x89PNG"
    assert await client.get_hls_file("d", "f") == b"\x89PNG"
    assert await client.get_mp4_file("d", "f") == b"\x89PNG"


async def test_a_video_has_urls(client: SimliClient, fake: ScriptedSimli) -> None:
    fake.will(httpx.Response(200, json={"hls_url": "https://x/h", "mp4_url": "https://x/m"}))

    video = await client.create_video(FULL_VIDEO)

    assert (video.hls_url, video.mp4_url) == ("https://x/h", "https://x/m")
    assert fake.bodies[0]["audioBase64"] == "AAE="


@pytest.mark.parametrize("status", [202, 204, 404])
async def test_a_transcript_may_not_be_ready(
    client: SimliClient, fake: ScriptedSimli, status: int
) -> None:
    fake.will(httpx.Response(status))

    assert isinstance(await client.transcript("s"), TranscriptNotReady)


async def test_a_transcript_is_kept_as_it_came(client: SimliClient, fake: ScriptedSimli) -> None:
    fake.will(httpx.Response(200, json={"whatever": [1, None]}))

    assert await client.transcript("s") == TranscriptReady({"whatever": [1, None]})


Call = Callable[[SimliClient], Awaitable[Any]]


@pytest.mark.parametrize(
    ("call", "body", "reason"),
    [
        (lambda c: c.start_session(StartSession()), b"<html>", "not JSON"),
        (lambda c: c.start_session(StartSession()), b'{"sessionId": ""}', "no session and room"),
        (lambda c: c.get_agent(ID), b'{"name": "Ada"}', "no id"),
        (lambda c: c.get_agent(ID), b"", "no id"),
        (lambda c: c.list_agents(), b'{"agents": 7}', "no list"),
        (lambda c: c.list_agents(), b"[{}]", "no id"),
        (lambda c: c.create_token(CreateToken()), b'{"jwt": "x"}', "no session token"),
        (lambda c: c.usage(), b'{"currentUsage": "many"}', "no current usage"),
        (lambda c: c.start_livekit_agent(LIVEKIT), b"{}", "no session"),
        (lambda c: c.transcript("s"), b'{"a": NaN}', "not JSON"),
    ],
)
async def test_an_answer_without_what_it_is_about_cannot_be_read(
    client: SimliClient, fake: ScriptedSimli, call: Call, body: bytes, reason: str
) -> None:
    fake.will(httpx.Response(200, content=body))

    with pytest.raises(SimliConfused, match=reason):
        await call(client)
