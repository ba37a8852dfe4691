"""Read the settings: from one YAML file, and then from the environment."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource, SettingsError

from llm_server.settings import ENV_PREFIX, Settings
from llm_server.settings_problems import InvalidSettings, describe

CONFIG_VARIABLE = "SIMLI_LLM_CONFIG"
DEFAULT_CONFIG = Path("simli-llm.yaml")

# Sections of the same file that only agents_admin reads. The streaming server alone
# accepts and ignores them, so that one file serves both.
FOREIGN_SECTIONS = frozenset({"public_url", "database_url", "simli", "admin"})

S = TypeVar("S", bound=Settings)


def load_settings(
    settings_type: type[S],
    config: Path | None = None,
    *,
    ignore: frozenset[str] = frozenset(),
    environ: Mapping[str, str] = os.environ,
) -> S:
    """Read the file and the environment.

    The file is `config`, or what SIMLI_LLM_CONFIG names, or simli-llm.yaml if there is one.
    A variable overrides one value: SIMLI_LLM_SIMLI__API_KEY is `simli.api_key`. Top-level keys
    in `ignore` are skipped. Raises InvalidSettings, which names every wrong key by its path.
    """
    path = config or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    if path is None and DEFAULT_CONFIG.is_file():
        path = DEFAULT_CONFIG
    content = _read(path) if path else {}
    _refuse_unknown_variables(settings_type, ignore, environ)
    try:
        overrides = _from_environment(settings_type, environ)
        content = {key: value for key, value in content.items() if key not in ignore}
        return settings_type(**_merged(content, overrides))
    except ValidationError as exc:
        raise InvalidSettings(describe(exc, settings_type), path) from exc
    except SettingsError as exc:
        raise InvalidSettings([f"environment: {exc}: expected JSON"], path) from exc


def _from_environment(settings_type: type[Settings], environ: Mapping[str, str]) -> dict[str, Any]:
    source = EnvSettingsSource(settings_type)
    source.env_vars = {name.lower(): value for name, value in environ.items()}
    return source()


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Sections are merged key by key, everything else is replaced."""
    merged = below | above
    for name in below.keys() & above.keys():
        if isinstance(below[name], dict) and isinstance(above[name], dict):
            merged[name] = _merged(below[name], above[name])
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise InvalidSettings([f"cannot be read: {exc.strerror}"], path) from exc
    except (yaml.YAMLError, ValueError) as exc:
        # ValueError: it is not UTF-8, or has a date such as 2026-13-01.
        raise InvalidSettings([f"is not valid YAML: {_where(exc)}"], path) from exc
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InvalidSettings(["expected a mapping of keys to values at the top"], path)
    return content


def _where(exc: yaml.YAMLError | ValueError) -> str:
    """Say where it is broken without quoting the file: it may be a key that is quoted."""
    mark = getattr(exc, "problem_mark", None)
    if mark is None:
        return "expected UTF-8 text, and dates that exist"
    problem = re.sub(r"'[^']{2,}'", "…", str(getattr(exc, "problem", "")))
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


def _refuse_unknown_variables(
    settings_type: type[Settings], ignore: frozenset[str], environ: Mapping[str, str]
) -> None:
    known = {*settings_type.model_fields, *ignore, "config"}
    for name in environ:
        if not name.startswith(ENV_PREFIX):
            continue
        key = name.removeprefix(ENV_PREFIX).lower().split("__")[0]
        if key not in known:
            raise InvalidSettings([f"environment: {name}: there is no setting {key!r}"], None)
