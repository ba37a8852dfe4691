import pytest

from tests.agents_admin.simulator.stage import Onlooker, simulate, visitor

HELLO = visitor("Hello?")
AUDIO = {"faceId": "f", "audioBase64": "AAAA", "audioFormat": "pcm16"}


async def test_a_video_can_be_fetched_in_both_formats_without_a_key(onlooker: Onlooker) -> None:
    async with simulate(HELLO, onlooker) as simli:
        urls = (await simli.post("/static/audio", json=AUDIO)).json()
        del simli.headers["x-simli-api-key"]
        playlist = await simli.get(urls["hls_url"])
        segment = await simli.get(urls["hls_url"].replace("output.m3u8", "segment0.ts"))
        video = await simli.get(urls["mp4_url"])

    assert playlist.headers["content-type"] == "application/x-mpegURL"
    assert "segment0.ts" in playlist.text
    assert segment.headers["content-type"] == "video/MP2T"
    assert (segment.content[0], len(segment.content)) == (0x47, 188)
    assert video.headers["content-type"] == "video/mp4"
    assert video.content[4:8] == b"ftyp"


@pytest.mark.parametrize("path", ["/static/hls/x/other.ts", "/static/mp4/x/output.m3u8"])
async def test_other_files_are_not_there(onlooker: Onlooker, path: str) -> None:
    async with simulate(HELLO, onlooker) as simli:
        response = await simli.get(path)

    assert (response.status_code, response.json()) == (404, {"detail": "File not found"})


@pytest.mark.parametrize(
    ("change", "field"),
    [({"audioFormat": "flac"}, "audioFormat"), ({"audioBase64": "not base64"}, "audioBase64")],
)
async def test_other_audio_is_422(onlooker: Onlooker, change: dict[str, str], field: str) -> None:
    async with simulate(HELLO, onlooker) as simli:
        response = await simli.post("/static/audio", json={**AUDIO, **change})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", field]


async def test_a_video_needs_a_key(onlooker: Onlooker) -> None:
    async with simulate(HELLO, onlooker) as simli:
        response = await simli.post("/static/audio", json=AUDIO, headers={"x-simli-api-key": ""})

    assert response.status_code == 401
