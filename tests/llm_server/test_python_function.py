"""Answers of a function that the user wrote."""

import logging
import os
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openai
import pytest
from fastapi import FastAPI

from llm_server import InvalidSettings, SessionClaims, Settings, create_app
from llm_server.backends.python_function import PythonBackend, PythonOptions
from llm_server.backends.registry import make_backend
from llm_server.errors import ApiError
from llm_server.events import BackendEvent, Delta, Finish, Usage, text_delta
from llm_server.model_settings import ModelSettings
from llm_server.protocol import ChatRequest
from tests.llm_server.fakes import ListSink
from tests.llm_server.wire import chunks, text

REQUEST = ChatRequest("anna", [{"role": "user", "content": "a very private thing"}])


IMPORTS = """
from llm_server.events import Delta, Finish, Usage, text_delta
from llm_server.errors import RateLimited
"""
ECHO = """
async def answer(request):
    yield "You said: "
    yield request.user_text
"""

Write = Callable[[str], Path]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module in the working directory that no other test has imported."""
    monkeypatch.chdir(tmp_path)
    # As it was before: the backend adds the working directory.
    monkeypatch.setattr(sys, "path", list(sys.path))
    return f"answers_{abs(hash(tmp_path))}"


@pytest.fixture
def write(module: str, tmp_path: Path) -> Write:
    def write(source: str) -> Path:
        path = tmp_path / f"{module}.py"
        path.write_text(IMPORTS + source)
        return path

    return write


def backend(module: str, **options: Any) -> PythonBackend:
    return PythonBackend(PythonOptions(function=f"{module}:answer", **options))


async def play(backend: PythonBackend) -> list[BackendEvent]:
    async with aclosing(backend.stream(REQUEST)) as events:
        return [event async for event in events]


async def said(backend: PythonBackend) -> str:
    return "".join(event.text for event in await play(backend) if isinstance(event, Delta))


async def test_a_generator_of_strings_answers(module: str, write: Write) -> None:
    write(ECHO)

    events = await play(backend(module))

    assert events == [text_delta("You said: "), text_delta("a very private thing"), Finish()]


async def test_a_function_that_returns_a_string_answers(module: str, write: Write) -> None:
    write("async def answer(request): return 'All of it.'")

    assert await play(backend(module)) == [text_delta("All of it."), Finish()]


async def test_events_pass_and_the_usage_comes_last(module: str, write: Write) -> None:
    write("""
async def answer(request):
    yield Usage({"total_tokens": 1})
    yield Delta({"reasoning_content": "hm"})
    yield Finish("length")
""")

    assert await play(backend(module)) == [
        Delta({"reasoning_content": "hm"}),
        Finish("length"),
        Usage({"total_tokens": 1}),
    ]


async def test_every_choice_is_finished_for_its_reason(module: str, write: Write) -> None:
    write("""
async def answer(request):
    yield Delta({"tool_calls": [{"index": 0}]})
    yield Delta({"content": "x"}, index=1)
""")

    *_, first, second = await play(backend(module))

    assert (first, second) == (Finish("tool_calls"), Finish("stop", 1))


async def test_a_function_may_ask_for_the_session(
    module: str, write: Write, claims: SessionClaims
) -> None:
    write("async def answer(request, session): return session.language if session else 'none'")
    request = ChatRequest("anna", [], session=claims)

    first, *_ = [event async for event in backend(module).stream(request)]

    assert first == text_delta("de")
    assert await said(backend(module)) == "none"


async def test_an_error_is_told_without_words_and_logged_without_values(
    module: str, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    path = write("""
async def answer(request):
    yield "well"
    raise ValueError(request.user_text)
""")

    with pytest.raises(ApiError) as caught, caplog.at_level(logging.INFO):
        await play(backend(module))

    assert caught.value.status == 500
    assert "private" not in caught.value.message + caplog.text
    assert f"{module}:answer raised ValueError" in caplog.text
    assert f"{path}:7 in answer" in caplog.text


async def test_a_user_can_choose_the_error(module: str, write: Write) -> None:
    write("async def answer(request): raise RateLimited('Later, please.')")

    with pytest.raises(ApiError, match=r"Later, please\.") as caught:
        await play(backend(module))

    assert caught.value.status == 429


async def test_something_else_than_strings_and_events_is_an_error(
    module: str, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    write("async def answer(request): return None")

    with pytest.raises(ApiError):
        await play(backend(module))

    assert "raised TypeError" in caplog.text


async def test_a_hang_up_closes_the_generator(module: str, write: Write, tmp_path: Path) -> None:
    write("""
from pathlib import Path

async def answer(request):
    try:
        yield "one"
        yield "two"
    finally:
        Path("closed").touch()
""")

    async with aclosing(backend(module).stream(REQUEST)) as events:
        await anext(events)

    assert (tmp_path / "closed").exists()


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def answer(request): yield 'x'", "an async generator or an async function"),
        ("answer = 'x'", "has no function 'answer'"),
        ("async def answer(): yield 'x'", r"to take \(request\) or \(request, session\)"),
        ("async def answer(request, other): yield 'x'", r"to take \(request\)"),
        ("import no_such_module", "cannot be imported: No module named 'no_such_module'"),
        ("def", r"cannot be imported: invalid syntax \(answers_\d+\.py, line 4\)"),
        ("{}['a-secret']", r"cannot be imported: KeyError at .*:4 in <module>"),
    ],
)
def test_what_cannot_answer_is_refused_at_the_start(
    module: str, write: Write, source: str, problem: str
) -> None:
    write(source)
    options = {"function": f"{module}:answer"}

    with pytest.raises(InvalidSettings, match=problem) as caught:
        make_backend("anna", ModelSettings(backend="python", options=options))

    assert str(caught.value).startswith("models.anna.options.function: ")
    assert "a-secret" not in str(caught.value)


def test_a_module_that_is_not_there_is_refused() -> None:
    options = {"function": "no_such_module:answer"}

    with pytest.raises(InvalidSettings, match=r"function: 'no_such_module' cannot be imported"):
        make_backend("anna", ModelSettings(backend="python", options=options))


def test_a_path_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidSettings, match=r"models\.anna\.options\.function: .*pattern"):
        make_backend("anna", ModelSettings(backend="python", options={"function": "answers.py"}))


def change(path: Path, old: str, new: str) -> None:
    """Change a file so that its time tells, however fast the test is."""
    path.write_text(path.read_text().replace(old, new))
    changed = path.stat().st_mtime_ns + 1_000_000
    os.utime(path, ns=(changed, changed))


async def test_a_changed_file_is_loaded_anew_before_the_next_request(
    module: str, write: Write
) -> None:
    path = write("async def answer(request): return 'one'")
    python = backend(module, reload=True)
    assert await said(python) == "one"

    change(path, "one", "two")

    assert await said(python) == "two"


async def test_a_broken_change_keeps_the_old_one_and_is_logged_once(
    module: str, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    path = write("async def answer(request): return 'one'")
    python = backend(module, reload=True)

    change(path, "async def", "async deaf")

    assert [await said(python) for _ in range(2)] == ["one", "one"]
    assert caplog.text.count(f"{module}:answer stays as it was") == 1
    change(path, "deaf", "def")
    change(path, "one", "two")
    assert await said(python) == "two"


async def test_while_the_file_is_gone_the_old_one_answers(
    module: str, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    path = write("async def answer(request): return 'one'")
    python = backend(module, reload=True)

    path.unlink()

    assert await said(python) == "one"
    assert caplog.text == ""


async def test_without_reload_the_file_is_read_once(module: str, write: Write) -> None:
    path = write("async def answer(request): return 'one'")
    python = backend(module)

    change(path, "one", "two")

    assert await said(python) == "one"


def test_what_is_no_file_cannot_be_loaded_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ZipFile(tmp_path / "zipped.zip", "w") as archive:
        archive.writestr("zipped_answers.py", "async def answer(request): return 'one'")
    monkeypatch.syspath_prepend(tmp_path / "zipped.zip")
    options = {"function": "zipped_answers:answer", "reload": True}

    with pytest.raises(InvalidSettings, match="is no Python file, and cannot be loaded anew"):
        make_backend("anna", ModelSettings(backend="python", options=options))


@pytest.fixture
def app(settings: Settings, sink: ListSink, module: str, write: Write) -> FastAPI:
    write(ECHO)
    models = {"anna": ModelSettings(backend="python", options={"function": f"{module}:answer"})}
    return create_app(settings.model_copy(update={"models": models}), sink)


async def test_a_client_of_the_server_hears_the_function(client: openai.AsyncOpenAI) -> None:
    assert text(await chunks(client, model="anna")) == "You said: Hi!"
