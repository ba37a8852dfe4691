import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import ValidationError

from llm_server import SessionClaims
from llm_server.conversation.prompt import Prompt, PromptContext, PromptSettings, with_prompt
from llm_server.conversation.prompt_template import MAX_CHARS
from llm_server.errors import InvalidRequest
from llm_server.protocol import Json
from tests.llm_server.conversation.messages import assistant, system, user

SESSION = SessionClaims(
    session_id=UUID(int=1), agent_id=UUID(int=2), model="maya", language="de", expires_at=0
)
CONTEXT = PromptContext(SESSION, datetime(2026, 11, 5, 23, 30, tzinfo=UTC))
HISTORY = [system("Be kind."), assistant("Hello!"), user("Hi")]


def filled_in(text: str, context: PromptContext = CONTEXT, **settings: object) -> str:
    prompt = Prompt(PromptSettings.model_validate({"text": text, **settings}))
    return prompt.fill_in(context, "Be kind.")


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("You are Maya, {50%} human.", "You are Maya, {50%} human."),
        ("Speak {{ language }}.", "Speak de."),
        ("{{ session.session_id }}", str(UUID(int=1))),
        ("{{ session.agent_id }} {{ session.language | upper }}", f"{UUID(int=2)} DE"),
        ("Today is {{ date }}.", "Today is 2026-11-05."),
        ("It is {{ now | strftime('%A, %H:%M') }}.", "It is Thursday, 23:30."),
        ("{{ simli_prompt }} Be brief.", "Be kind. Be brief."),
        ("{% if language == 'de' %}Siezen.{% else %}-{% endif %}", "Siezen."),
        ("{{ 'Morning' if now.hour < 12 else 'Evening' }}", "Evening"),
        ("It's <b>5 > 4</b> & so on", "It's <b>5 > 4</b> & so on"),
        ("{# nobody reads this #}Hi", "Hi"),
    ],
)
def test_a_prompt_is_filled_in(text: str, prompt: str) -> None:
    assert filled_in(text) == prompt


def test_a_prompt_has_variables_of_its_own() -> None:
    text = "You are {{ name }} of {{ house }}."

    prompt = filled_in(text, variables={"name": "Maya", "house": "{{ date }}"})

    assert prompt == "You are Maya of {{ date }}."


def test_what_a_caller_sends_is_no_template() -> None:
    prompt = Prompt(PromptSettings(text="{{ simli_prompt }}"))

    assert prompt.fill_in(CONTEXT, "{{ now }}") == "{{ now }}"


def test_the_date_is_that_of_the_time_zone() -> None:
    assert filled_in("{{ date }}", timezone="Europe/Berlin") == "2026-11-06"
    assert filled_in("{{ now.hour }}", timezone="Europe/Berlin") == "0"


def test_a_caller_without_a_session_speaks_english() -> None:
    assert filled_in("{{ language }}{{ session.session_id }}", PromptContext()) == "en"


def test_a_prompt_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "maya.txt"
    file.write_text("Sprich über {{ language }}.", "utf-8")

    assert Prompt(PromptSettings(file=file)).fill_in(CONTEXT, "") == "Sprich über de."


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_that_cannot_be_read_is_found_at_the_start(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "maya.txt"
    if content:
        file.write_bytes(content)

    with pytest.raises(ValueError, match=r"maya\.txt cannot be read"):
        Prompt(PromptSettings(file=file))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Hi\n{{ name }", "line 2: "),
        ("Hi\n\n{% if %}", "line 3: "),
        ("Hi {{ nmae }}", "line 1: there is no 'nmae' (there are date, language, "),
        ("{{ maya.name }}", "line 1: there is no 'maya'"),
        ("{% if nothing is defined %}{% endif %}", "line 1: there is no 'nothing'"),
        ("\n{{ session.key }}", "line 2: session has no 'key'"),
        ("{{ session.__class__ }}", "line 1: session has no '__class__'"),
        ("{{ now.astimezone }}", "line 1: now has no 'astimezone'"),
        ("{{ now.tzinfo.key }}", "line 1: only values and conditions are possible, not Getattr"),
        ("{{ now.date() }}", "line 1: only values and conditions are possible, not Call"),
        ("{% for a in 'ab' %}{% endfor %}", "not For"),
        ("{{ 'a' * 999999999 }}", "not Mul"),
        ("{% set a = 'b' %}", "not Assign"),
        ("{% include 'x' %}", "not Include"),
        ("{{ range }}", "there is no 'range'"),
        ("{{ language | center(999999999) }}", "No filter named 'center'"),
        ("{{ language | strftime('%A') }}", "it cannot be filled in: "),
        ("{{ 'a' if now.hour is divisibleby 0 else 'b' }}", "it cannot be filled in: "),
        ("x" * (MAX_CHARS + 1), "it cannot be filled in: "),
        ("{{ 'a' if language < 5 else 'b' }}", "it cannot be filled in: "),
    ],
)
def test_a_prompt_that_would_fail_is_found_at_the_start(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        filled_in(text)


def test_a_variable_cannot_hide_what_the_server_tells() -> None:
    with pytest.raises(ValueError, match="variables: date, now mean something else already"):
        filled_in("Hi", variables={"now": "never", "name": "Maya", "date": "never"})


@pytest.mark.parametrize(
    "wrong",
    [{}, {"text": "a", "file": "b"}, {"text": "a", "timezone": "Mars/Base"},
     {"text": "a", "timezone": "../etc"}, {"text": "a", "mode": "after"}],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        PromptSettings.model_validate(wrong)


def test_a_prompt_does_not_grow_without_bound() -> None:
    prompt = Prompt(PromptSettings(text="{{ simli_prompt }}{{ simli_prompt }}"))

    assert len(prompt.fill_in(CONTEXT, "x" * (MAX_CHARS // 2))) == MAX_CHARS
    with pytest.raises(InvalidRequest):
        prompt.fill_in(CONTEXT, "x" * MAX_CHARS)


@pytest.mark.parametrize(
    ("mode", "made"),
    [
        ("replace", [system("I am Maya."), *HISTORY[1:]]),
        ("extend", [system("Be kind.\n\nI am Maya."), *HISTORY[1:]]),
        ("before", [system("I am Maya.\n\nBe kind."), *HISTORY[1:]]),
    ],
)
def test_a_prompt_takes_its_place(mode: str, made: list[Json]) -> None:
    prompt = Prompt(PromptSettings.model_validate({"text": "I am Maya.\n", "mode": mode}))

    assert with_prompt(HISTORY, prompt, CONTEXT) == made
    assert HISTORY[0] == system("Be kind.")


@pytest.mark.parametrize("mode", ["replace", "extend", "before"])
def test_a_conversation_without_instructions_gets_them(mode: str) -> None:
    prompt = Prompt(PromptSettings.model_validate({"text": "I am Maya.", "mode": mode}))

    assert with_prompt(HISTORY[1:], prompt, CONTEXT) == [system("I am Maya."), *HISTORY[1:]]


@pytest.mark.parametrize("mode", ["replace", "extend", "before"])
def test_an_empty_prompt_adds_nothing(mode: str) -> None:
    prompt = Prompt(
        PromptSettings.model_validate(
            {"text": "{% if language == 'fr' %}Bonjour{% endif %}", "mode": mode}
        )
    )

    assert with_prompt(HISTORY[1:], prompt, CONTEXT) == HISTORY[1:]


def test_all_instructions_at_the_head_are_replaced_and_may_be_quoted() -> None:
    prompt = Prompt(PromptSettings(text="<{{ simli_prompt }}>"))
    messages = [system([{"type": "text", "text": "A"}]), system("B"), user("Hi")]

    assert with_prompt(messages, prompt, CONTEXT) == [system("<A\n\nB>"), user("Hi")]
