import subprocess
import sys
from pathlib import Path

import anyio.to_thread
import httpx
import pytest

from agents_admin.simulator import EndReason
from agents_admin.testing import SimliSimulator

TEST_OF_A_USER = """
import json, urllib.request

def test_it(simli_simulator, mock_llm):
    mock_llm.reply("We open at **nine**.")
    simli_simulator.script("When do you open?", {"say": "Bye!", "pause_s": 0.01})
    config = {"model": "m", "baseURL": mock_llm.base_url, "llmAPIKey": mock_llm.api_key}
    start = urllib.request.Request(
        simli_simulator.base_url + "/auto/start/configurable",
        json.dumps({"customLLMConfig": config}).encode(),
        {"x-simli-api-key": simli_simulator.api_key, "content-type": "application/json"},
    )
    with urllib.request.urlopen(start) as answer:
        session_id = json.load(answer)["sessionId"]

    [room] = simli_simulator.wait_until_ended()

    assert room.session_id == session_id
    assert [turn.said for turn in room.turns] == ["When do you open?", "Bye!"]
    assert room.turns[0].sentences[0].mangled == ("markdown",)
"""


def test_the_fixture_is_there_for_users_without_the_plugin_of_anyio(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TEST_OF_A_USER)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:anyio", "-W", "error", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )

    assert "1 passed" in done.stdout, done.stdout + done.stderr


IMPORT = """
import sys, pytest, agents_admin

before = set(sys.modules)
import agents_admin.pytest_plugin
print(*set(sys.modules) - before)
"""


def test_the_plugin_imports_nothing_heavy_before_it_is_used() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, check=True)

    assert done.stdout.decode().split() == ["agents_admin.pytest_plugin"]


async def start(simli: SimliSimulator, **body: object) -> httpx.Response:
    headers = {"x-simli-api-key": simli.api_key}
    async with httpx.AsyncClient(base_url=simli.base_url, headers=headers) as http:
        return await http.post("/auto/start/configurable", json=body)


async def test_it_behaves_as_it_is_told_in_async_tests_too(
    simli_simulator: SimliSimulator,
) -> None:
    simli_simulator.behave(calls={"never": True})
    user = {"provider": "User", "model": "m", "baseURL": "http://127.0.0.1:9"}

    await start(simli_simulator, llmConfig=user, faceId="face")
    [room] = await anyio.to_thread.run_sync(simli_simulator.wait_until_ended)

    assert [(turn.said, turn.error) for turn in room.turns] == [("Hello!", "never called")]
    assert (room.config.face_id, room.end_reason) == ("face", EndReason.VISITOR_LEFT)


async def test_only_its_own_key_is_accepted(simli_simulator: SimliSimulator) -> None:
    async with httpx.AsyncClient(base_url=simli_simulator.base_url) as http:
        refused = await http.get("/faces", headers={"x-simli-api-key": "another"})

    assert refused.status_code == 401


def test_waiting_for_what_does_not_happen_ends(simli_simulator: SimliSimulator) -> None:
    with pytest.raises(TimeoutError, match="0 of 2 sessions have ended"):
        simli_simulator.wait_until_ended(sessions=2, timeout_s=0.01)
