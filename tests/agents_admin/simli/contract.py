"""Simli's OpenAPI document of 2026-07-16 as far as requests go: what may be sent, and what must.

Where users and older versions of it have seen other spellings, these are named as such.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

TEXT, WHOLE, TRUTH, TEXTS = str, int, bool, list
Kind = type | frozenset[str] | Mapping[str, "Kind"]


def one_of(*values: str) -> frozenset[str]:
    return frozenset(values)


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    query: Mapping[str, Kind] = field(default_factory=dict)
    body: Mapping[str, Kind] | None = None
    required: frozenset[str] = frozenset()
    """Of the body."""
    key: bool = True
    headers: frozenset[str] = frozenset()
    """Besides the key's."""
    upload: bool = False


AGENT: Mapping[str, Kind] = {
    **dict.fromkeys(
        ["face_id", "name", "first_message", "prompt", "voice_id", "voice_model", "language"], TEXT
    ),
    **dict.fromkeys(["emotion", "llm_model", "llm_endpoint"], TEXT),
    **dict.fromkeys(["max_idle_time", "max_session_length"], WHOLE),
    "voice_provider": one_of("elevenlabs", "cartesia"),
    "llm_provider": one_of("openai", "google", "user"),
}
SESSION: Mapping[str, Kind] = {
    **dict.fromkeys(
        ["faceId", "ttsAPIKey", "ttsModel", "voiceId", "systemPrompt", "firstMessage"], TEXT
    ),
    "ttsProvider": one_of("ElevenLabs", "PlayHT", "Cartesia", "User"),
    "maxSessionLength": WHOLE,
    "maxIdleTime": WHOLE,
    "language": TEXT,
    "customLLMConfig": {"model": TEXT, "baseURL": TEXT, "llmAPIKey": TEXT},
    "llmConfig": {
        "model": TEXT,
        "provider": one_of("OpenAI", "Google", "User"),
        "apiKey": TEXT,
        "baseURL": TEXT,
    },
    "createTranscript": TRUTH,
    "model": one_of("fasttalk", "artalk"),
}
TOKEN: Mapping[str, Kind] = {
    "expiryStamp": WHOLE,
    "simliAPIKey": TEXT,
    "llmAPIKey": TEXT,
    "ttsAPIKey": TEXT,
    "createTranscript": TRUTH,
    "originAllowList": TEXTS,
}
COMPOSE: Mapping[str, Kind] = {
    "faceId": TEXT,
    "apiVersion": one_of("v2"),
    "sessionAggregator": TEXT,
    "handleSilence": TRUTH,
    "maxSessionLength": WHOLE,
    "maxIdleTime": WHOLE,
    "startFrame": WHOLE,
    "audioInputFormat": TEXT,
}
VIDEO: Mapping[str, Kind] = {
    "faceId": TEXT,
    "audioBase64": TEXT,
    "audioFormat": one_of("pcm16", "pcm32", "wav", "mp3", "ogg"),
    "audioSampleRate": WHOLE,
    "audioChannelCount": WHOLE,
    "videoStartingFrame": WHOLE,
}
LIVEKIT: Mapping[str, Kind] = dict.fromkeys(["session_token", "livekit_token", "livekit_url"], TEXT)

REDIRECT: Mapping[str, Kind] = {"redirect": one_of("true", "false")}
FACE_ID: Mapping[str, Kind] = {"face_id": TEXT}

BY_PATH = Operation("GET", "/auto/start/{agent_id}/{session_token}", query=REDIRECT, key=False)
# In the documents of 2025.
BY_HEADER = Operation(
    "POST", "/auto/start/{agent_id}", query=REDIRECT, key=False, headers=one_of("session-token")
)

CONTRACT: Mapping[str, Operation] = {
    "create_agent": Operation(
        "POST", "/auto/agent", body=AGENT, required=one_of("face_id", "name")
    ),
    "list_agents": Operation("GET", "/auto/agents"),
    "get_agent": Operation("GET", "/auto/agent/{id}"),
    "update_agent": Operation("PUT", "/auto/agent/{id}", body=AGENT),
    "delete_agent": Operation("DELETE", "/auto/agent/{id}"),
    "create_token": Operation("POST", "/auto/token", body=TOKEN, required=one_of("simliAPIKey")),
    "start_session": Operation("POST", "/auto/start/configurable", body=SESSION),
    "start_agent": BY_PATH,
    "start_agent by header": BY_HEADER,
    "start_agent_by_redirect": BY_PATH,
    "start_agent_by_redirect by header": BY_HEADER,
    "transcript": Operation(
        "GET",
        "/auto/transcript/{session_id}",
        # `sessionId` and the other key's header: in the documents of 2025.
        query={"session_id": TEXT, "sessionId": TEXT},
        headers=one_of("api-key"),
    ),
    "list_history": Operation(
        "GET",
        "/history/sessions",
        # `start` and `end`: in the documents of February 2026.
        query=dict.fromkeys(["startTime", "endTime", "start", "end"], WHOLE),
    ),
    "usage": Operation("GET", "/ratelimiter/sessions"),
    "list_faces": Operation("GET", "/faces"),
    "create_trinity_face": Operation(
        "POST",
        "/faces/trinity",
        query={"gsVersion": one_of("GSA_1.0"), "face_name": TEXT},
        upload=True,
    ),
    "reframe_trinity_image": Operation(
        "POST", "/faces/trinity/preprocess", query={"retry": one_of("true")}, upload=True
    ),
    "trinity_face_status": Operation("GET", "/faces/trinity/generation_status", query=FACE_ID),
    "delete_trinity_face": Operation("DELETE", "/faces/trinity/{id}"),
    "create_legacy_face": Operation(
        "POST",
        "/faces/legacy",
        query={"characterVersion": one_of("1.5"), "face_name": TEXT},
        upload=True,
    ),
    "legacy_face_status": Operation("GET", "/faces/legacy/generation_status", query=FACE_ID),
    "delete_legacy_face": Operation("DELETE", "/faces/legacy/{id}"),
    "create_compose_token": Operation(
        "POST", "/compose/token", body=COMPOSE, required=one_of("faceId")
    ),
    "list_ice_servers": Operation("GET", "/compose/ice"),
    "start_livekit_agent": Operation(
        "POST",
        "/integrations/livekit/agents",
        body=LIVEKIT,
        required=frozenset(LIVEKIT),
        key=False,
    ),
    "create_video": Operation(
        "POST",
        "/static/audio",
        body=VIDEO,
        required=one_of("faceId", "audioBase64", "audioFormat"),
    ),
    "get_hls_file": Operation("GET", "/static/hls/{destination}/{file}", key=False),
    "get_mp4_file": Operation("GET", "/static/mp4/{destination}/{file}", key=False),
}
