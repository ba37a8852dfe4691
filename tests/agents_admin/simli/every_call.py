"""Every method of the client, called with everything it takes, and with as little as it can be."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agents_admin.simli import (
    CreateComposeToken,
    CreateSimliAgent,
    CreateToken,
    CreateVideo,
    CustomLlmConfig,
    Image,
    LlmConfig,
    SimliClient,
    StartLiveKitAgent,
    StartSession,
    TokenIn,
    TtsProvider,
    UpdateSimliAgent,
)
from tests.agents_admin.simli.scripted import STARTED

ID = "5514e24d-6086-46a3-ace4-6a7264e5cb7c"
IMAGE = Image(b"\x89PNG", "image/png")
AT = datetime(2026, 11, 23, tzinfo=UTC)

FULL_AGENT: dict[str, Any] = {
    "face_id": ID,
    "name": "Ada",
    "first_message": "Hello!",
    "system_prompt": "You are Ada.",
    "voice_provider": "elevenlabs",
    "voice_id": ID,
    "voice_model": "flash",
    "language": "en",
    "emotion": ID,
    "llm_provider": "user",
    "llm_model": "m",
    "llm_endpoint": "https://llm.example/v1/chat/completions",
    "max_idle_time_s": 60,
    "max_session_length_s": 600,
}
FULL_SESSION = StartSession(
    face_id="face",
    tts_provider=TtsProvider.ELEVENLABS,
    tts_api_key="sk-tts",
    tts_model="flash",
    voice_id="voice",
    system_prompt="You are Ada.",
    first_message="Hello!",
    language="en",
    max_session_length_s=600,
    max_idle_time_s=60,
    create_transcript=True,
    custom_llm_config=CustomLlmConfig(model="m", base_url="https://llm.example", api_key="sk-1"),
    llm_config=LlmConfig(model="m", base_url="https://llm.example", api_key="sk-2"),
    avatar_model="fasttalk",
)
FULL_TOKEN = CreateToken(
    expires_at=1795428000,
    llm_api_key="sk-llm",
    tts_api_key="sk-tts",
    create_transcript=True,
    allowed_origins=frozenset({"https://shop.example"}),
)
FULL_COMPOSE = CreateComposeToken(
    face_id="face",
    api_version="v2",
    session_aggregator="kiosk 7",
    handle_silence=False,
    max_session_length_s=600,
    max_idle_time_s=60,
    start_frame=1,
    audio_input_format="pcm16",
)
FULL_VIDEO = CreateVideo(
    face_id="face",
    audio=b"\0\1",
    audio_format="pcm16",
    audio_sample_rate=16000,
    audio_channel_count=1,
    video_starting_frame=2,
)
LIVEKIT = StartLiveKitAgent(
    session_token="token-s", livekit_token="token-l", livekit_url="wss://livekit.example"
)

AGENT = {"id": ID}
TOKEN = {"session_token": "gAAAA"}


@dataclass(frozen=True)
class Case:
    """A call, its row in the contract, and the least that Simli may answer."""

    operation: str
    call: Callable[[SimliClient], Awaitable[Any]]
    answer: Any = None


EVERY_CALL = [
    Case("create_agent", lambda c: c.create_agent(CreateSimliAgent(**FULL_AGENT)), AGENT),
    Case("create_agent", lambda c: c.create_agent(CreateSimliAgent(face_id=ID, name="Ada")), AGENT),
    Case("list_agents", lambda c: c.list_agents(), [AGENT]),
    Case("get_agent", lambda c: c.get_agent(ID), AGENT),
    Case("update_agent", lambda c: c.update_agent(ID, UpdateSimliAgent(**FULL_AGENT))),
    Case("update_agent", lambda c: c.update_agent(ID, UpdateSimliAgent())),
    Case("delete_agent", lambda c: c.delete_agent(ID)),
    Case("create_token", lambda c: c.create_token(FULL_TOKEN), TOKEN),
    Case("create_token", lambda c: c.create_token(CreateToken()), TOKEN),
    Case("start_session", lambda c: c.start_session(FULL_SESSION), STARTED),
    Case("start_session", lambda c: c.start_session(StartSession()), STARTED),
    Case("start_agent", lambda c: c.start_agent(ID, "gAAAA"), STARTED),
    Case("start_agent by header", lambda c: c.start_agent(ID, "gAAAA", TokenIn.HEADER), STARTED),
    Case("start_agent_by_redirect", lambda c: c.start_agent_by_redirect(ID, "gAAAA"), STARTED),
    Case(
        "start_agent_by_redirect by header",
        lambda c: c.start_agent_by_redirect(ID, "gAAAA", TokenIn.HEADER),
        STARTED,
    ),
    Case("transcript", lambda c: c.transcript(ID), []),
    Case("list_history", lambda c: c.list_history(AT, AT), {"sessions": []}),
    Case("list_history", lambda c: c.list_history(), {"sessions": []}),
    Case("usage", lambda c: c.usage(), {"currentUsage": 0}),
    Case("list_faces", lambda c: c.list_faces(), [{"id": ID}]),
    Case("create_trinity_face", lambda c: c.create_trinity_face(IMAGE, "Ada", "GSA_1.0")),
    Case("create_trinity_face", lambda c: c.create_trinity_face(IMAGE)),
    Case("reframe_trinity_image", lambda c: c.reframe_trinity_image(IMAGE, retry=True)),
    Case("reframe_trinity_image", lambda c: c.reframe_trinity_image(IMAGE)),
    Case("trinity_face_status", lambda c: c.trinity_face_status(ID)),
    Case("delete_trinity_face", lambda c: c.delete_trinity_face(ID)),
    Case("create_legacy_face", lambda c: c.create_legacy_face(IMAGE, "Ada", "1.5")),
    Case("create_legacy_face", lambda c: c.create_legacy_face(IMAGE)),
    Case("legacy_face_status", lambda c: c.legacy_face_status(ID)),
    Case("delete_legacy_face", lambda c: c.delete_legacy_face(ID)),
    Case("create_compose_token", lambda c: c.create_compose_token(FULL_COMPOSE), TOKEN),
    Case(
        "create_compose_token",
        lambda c: c.create_compose_token(CreateComposeToken(face_id="face")),
        TOKEN,
    ),
    Case("list_ice_servers", lambda c: c.list_ice_servers(), [{"urls": "stun:x"}]),
    Case("start_livekit_agent", lambda c: c.start_livekit_agent(LIVEKIT), {"session_id": ID}),
    Case("create_video", lambda c: c.create_video(FULL_VIDEO), {}),
    Case(
        "create_video",
        lambda c: c.create_video(CreateVideo(face_id="face", audio=b"\0", audio_format="mp3")),
        {},
    ),
    Case("get_hls_file", lambda c: c.get_hls_file("d", "output.m3u8")),
    Case("get_mp4_file", lambda c: c.get_mp4_file("d", "output.mp4")),
]
