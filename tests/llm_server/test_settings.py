from pathlib import Path

import pytest

from llm_server import InvalidSettings, Settings, load_settings
from llm_server.settings_file import FOREIGN_SECTIONS

FILE = """
api_keys: [from-the-file]
session_secret: a secret from the file
models:
  anna:
    backend: openai
    options: {base_url: http://127.0.0.1:1/v1, api_key: sk-upstream}
    fallbacks: [spare]
  spare: {backend: mock}
limits:
  body_bytes: 1000
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "simli-llm.yaml"
    path.write_text(FILE)
    return path


def load(config: Path | None = None, **environ: str) -> Settings:
    return load_settings(Settings, config, environ=environ)


def problems(config: Path | None = None, **environ: str) -> list[str]:
    with pytest.raises(InvalidSettings) as caught:
        load(config, **environ)
    return caught.value.problems


def in_file(config: Path, content: str) -> list[str]:
    config.write_text(content)
    return problems(config)


def test_the_file_is_read(config: Path) -> None:
    settings = load(config)

    assert settings.api_keys[0].get_secret_value() == "from-the-file"
    assert settings.models["anna"].fallbacks == ["spare"]
    assert settings.limits.body_bytes == 1000


def test_without_a_file_there_is_the_mock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load()

    assert list(settings.models) == ["mock"]
    assert settings.api_keys == []


def test_a_file_in_the_working_directory_is_found(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)

    assert load().limits.body_bytes == 1000


def test_the_environment_names_the_file(config: Path) -> None:
    assert load(SIMLI_LLM_CONFIG=str(config)).limits.body_bytes == 1000


def test_an_empty_file_is_no_settings(config: Path) -> None:
    config.write_text("# nothing yet\n")

    assert list(load(config).models) == ["mock"]


def test_the_environment_overrides_one_value_and_leaves_the_others(config: Path) -> None:
    settings = load(
        config, SIMLI_LLM_LIFETIME__PING_S="2", SIMLI_LLM_MODELS__ANNA__OPTIONS__MODEL="gpt-9"
    )

    assert settings.lifetime.ping_s == 2
    assert settings.limits.body_bytes == 1000
    assert settings.models["anna"].backend == "openai"
    assert settings.models["anna"].options["model"] == "gpt-9"
    assert settings.models["anna"].options["api_key"] == "sk-upstream"


def test_the_environment_replaces_a_list(config: Path) -> None:
    settings = load(config, SIMLI_LLM_API_KEYS="first-key, second-key,")

    assert [key.get_secret_value() for key in settings.api_keys] == ["first-key", "second-key"]


def test_the_environment_holds_the_secrets_of_before(config: Path) -> None:
    settings = load(config, SIMLI_LLM_PREVIOUS_SESSION_SECRETS=f"{'a' * 16}, {'b' * 16}")

    assert [old.get_secret_value()[0] for old in settings.previous_session_secrets] == ["a", "b"]


def test_a_slash_at_the_end_of_the_root_path_is_no_part_of_it(config: Path) -> None:
    assert load(config, SIMLI_LLM_ROOT_PATH="/llm/").root_path == "/llm"


def test_a_model_can_come_from_the_environment_alone() -> None:
    settings = load(SIMLI_LLM_MODELS__BERTA__BACKEND="mock")

    assert list(settings.models) == ["berta"]


def test_only_the_given_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMLI_LLM_LIMITS__BODY_BYTES", "5")

    assert load().limits.body_bytes != 5


def test_variables_of_others_are_left_alone() -> None:
    assert load(LIMITS__BODY_BYTES="5", SIMLI_API_KEY="x").limits.body_bytes != 5


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("modles: {}", "modles: unknown key, did you mean 'models'?"),
        ("limits: {size: 1}", "limits.size: unknown key (expected one of: body_bytes, messages, "),
        ("models: {a: {bakend: mock}}", "models.a.bakend: unknown key, did you mean 'backend'?"),
        ("models: {a: {}}", "models.a.backend: Field required"),
        ("models: {}", "models: Dictionary should have at least 1 item"),
        ("limits: {body_bytes: many}", "limits.body_bytes: Input should be a valid integer"),
        ("limits: {body_bytes: 0}", "limits.body_bytes: Input should be greater than 0"),
        ("limits: {stall_s: 0}", "limits.stall_s: Input should be greater than 0"),
        ("log: {format: xml}", "log.format: Input should be 'text' or 'json'"),
        ("root_path: llm", "root_path: expected a path such as /llm"),
        (
            "previous_session_secrets: [short]",
            "previous_session_secrets.0: Value should have at least 16",
        ),
        ("limits:", "limits: Input should be a valid dictionary"),
        ("lifetime: {ping_s: 0}", "lifetime.ping_s: Input should be greater than 0"),
        ("api_keys: [short]", "api_keys.0: Value should have at least 8"),
        ("api_keys: {a: b}", "api_keys: Input should be a valid list"),
        ("session_secret: short", "session_secret: Value should have at least 16"),
        (
            "models: {a: {backend: mock, fallbacks: [b]}}",
            "models.a.fallbacks: expected names of other models, got 'b'; there are a",
        ),
        (
            "models: {a: {backend: mock, fallbacks: [a]}}",
            "models.a.fallbacks: expected names of other models, got 'a'; there are a",
        ),
    ],
)
def test_a_wrong_key_is_named_by_its_path(config: Path, content: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in in_file(config, content))


def test_every_wrong_key_is_named_at_once(config: Path) -> None:
    found = in_file(config, "limits: {body_bytes: x}\nlifetime: {ping_s: x, keep_alive_s: x}\n")

    assert len(found) == 3


def test_the_error_names_the_file(config: Path) -> None:
    config.write_text("modles: {}")

    with pytest.raises(InvalidSettings) as caught:
        load(config)

    assert str(caught.value).startswith(f"{config}: modles: ")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("- a list", "expected a mapping"),
        ("just text", "expected a mapping"),
        ("1: x", "expected a mapping"),
        ("a: [", "is not valid YAML: line 1"),
        ("a: b: c", "is not valid YAML: line 1, column 5: mapping values are not allowed here"),
        ("a: 2026-13-01", "is not valid YAML"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(config: Path, content: str, problem: str) -> None:
    [found] = in_file(config, content)

    assert found.startswith(problem)


def test_a_file_that_is_no_text_is_refused(config: Path) -> None:
    config.write_bytes(b"a: \xff")

    assert problems(config)[0].startswith("is not valid YAML: expected UTF-8")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"

    assert problems(missing) == ["cannot be read: No such file or directory"]


@pytest.mark.parametrize("name", ["SIMLI_LLM_MODLES", "SIMLI_LLM_API_KEY", "SIMLI_LLM_LIMIT__X"])
def test_an_unknown_variable_is_refused(name: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(Settings, environ={name: "x"})

    assert str(caught.value).startswith(f"environment: {name}: there is no setting")


def test_an_unknown_variable_of_a_section_is_refused() -> None:
    [problem] = problems(SIMLI_LLM_LIMITS__BODY_BITES="1")

    assert problem.startswith("limits.body_bites: unknown key, did you mean 'body_bytes'?")


def test_sections_of_the_other_package_are_skipped_where_they_are_expected(config: Path) -> None:
    config.write_text("simli: {api_key: x}\nlimits: {body_bytes: 7}\n")

    settings = load_settings(
        Settings, config, ignore=FOREIGN_SECTIONS, environ={"SIMLI_LLM_PUBLIC_URL": "http://x"}
    )

    assert settings.limits.body_bytes == 7


@pytest.mark.parametrize(
    "content",
    [
        "api_keys: [s3cret]",
        "session_secret: s3cret",
        "session_secret: [s3cret-and-some-more-of-it]",
        "models: {a: {backend: mock, fallbacks: {x: s3cret}}}",
        "limits: {body_bytes: s3cret}",
        "session_secret: !s3cret",
        "session_secret: *s3cret",
        "session_secret: 's3cret",
        "session_secret: %s3cret",
    ],
)
def test_values_are_never_shown(config: Path, content: str) -> None:
    assert not any("s3cret" in problem for problem in in_file(config, content))


def test_values_of_variables_are_never_shown() -> None:
    found = problems(SIMLI_LLM_LIMITS="{s3cret", SIMLI_LLM_MODELS__A="{s3cret")

    assert not any("s3cret" in problem for problem in found)


def test_secrets_are_not_in_the_repr(config: Path) -> None:
    settings = load(config)

    assert not any(
        secret in repr(settings)
        for secret in ("from-the-file", "a secret from the file", "sk-upstream")
    )
