import subprocess
import sys
from pathlib import Path

TEST_OF_A_USER = """
import urllib.request, json

def test_it(mock_llm):
    mock_llm.reply("Hello.")
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}).encode()
    with urllib.request.urlopen(mock_llm.base_url + "/chat/completions", body) as answer:
        assert json.load(answer)["choices"][0]["message"]["content"] == "Hello."
    assert mock_llm.requests[0].body["model"] == "m"
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
import sys, pytest, llm_server

before = set(sys.modules)
import llm_server.pytest_plugin
print(*set(sys.modules) - before)
"""


def test_the_plugin_imports_nothing_heavy_before_it_is_used() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, check=True)

    assert done.stdout.decode().split() == ["llm_server.pytest_plugin"]
