import logging
import subprocess
import sys
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from llm_server import LogTurnSink, Outcome, Turn
from llm_server.logs import JsonFormatter, TextFormatter

CONFIGURED = """
import logging
from llm_server.logs import configure_logging
configure_logging("INFO", {format!r})
logging.getLogger("uvicorn.error").info("one\\ntwo")
logging.getLogger("openai").info("what was said")
logging.getLogger("llm_server").debug("too much")
"""


def logged(format: str) -> list[str]:
    code = CONFIGURED.format(format=format)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


def record_of(exc: Exception) -> logging.LogRecord:
    try:
        raise exc
    except type(exc) as raised:
        info = (type(raised), raised, raised.__traceback__)
    return logging.LogRecord("test", logging.ERROR, "", 1, "It %s.", ("broke",), info)


def test_all_logs_are_text() -> None:
    first, second = logged("text")

    assert first.endswith("INFO uvicorn.error: one")
    assert second == "two"


def test_all_logs_are_json_one_entry_a_line() -> None:
    [line] = logged("json")

    entry = msgspec.json.decode(line)
    assert datetime.fromisoformat(entry.pop("time")).tzinfo
    assert entry == {"level": "INFO", "logger": "uvicorn.error", "message": "one\ntwo"}


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_an_exception_is_told_by_its_kind_and_place(formatter: logging.Formatter) -> None:
    line = formatter.format(record_of(ValueError("s3cret")))

    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "s3cret" not in line


def test_the_cause_of_an_exception_is_told_too() -> None:
    exc = ValueError("s3cret")
    exc.__cause__ = KeyError("s3cret")

    line = TextFormatter().format(record_of(exc))

    assert line.index("KeyError") < line.index("ValueError")
    assert "s3cret" not in line


def test_a_turn_is_a_json_line_with_its_members(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    LogTurnSink().record(
        Turn(
            id=UUID(int=1),
            started_at=datetime.now(UTC),
            model="anna",
            session_id=UUID(int=2),
            user_text="s3cret",
            outcome=Outcome.COMPLETED,
            ttft_s=0.25,
            duration_s=1.23456,
        )
    )

    line = JsonFormatter().format(caplog.records[0])

    entry = msgspec.json.decode(line)
    assert entry["request"] == f"chatcmpl-{UUID(int=1).hex}"
    assert entry["session"] == str(UUID(int=2))
    assert (entry["outcome"], entry["ttft_s"], entry["duration_s"]) == ("completed", 0.25, 1.235)
    assert "s3cret" not in line
