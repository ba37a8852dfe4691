"""The streaming server: OpenAI's chat completions for a talking avatar.

These names are what other packages may use; everything else may change. They are imported when
they are first used: pytest imports this package in every run, for its plugin.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm_server.app import create_app
    from llm_server.keys import Scope, ServiceClaims, ServiceKeys, SessionClaims, SessionKeys
    from llm_server.revocations import RevocationSource
    from llm_server.settings import Settings
    from llm_server.settings_file import load_settings
    from llm_server.settings_problems import InvalidSettings
    from llm_server.turns import LogTurnSink, Outcome, Turn, TurnSink

_MODULES = {
    "InvalidSettings": "settings_problems",
    "LogTurnSink": "turns",
    "Outcome": "turns",
    "RevocationSource": "revocations",
    "Scope": "keys",
    "ServiceClaims": "keys",
    "ServiceKeys": "keys",
    "SessionClaims": "keys",
    "SessionKeys": "keys",
    "Settings": "settings",
    "Turn": "turns",
    "TurnSink": "turns",
    "create_app": "app",
    "load_settings": "settings_file",
}

__all__ = [
    "InvalidSettings",
    "LogTurnSink",
    "Outcome",
    "RevocationSource",
    "Scope",
    "ServiceClaims",
    "ServiceKeys",
    "SessionClaims",
    "SessionKeys",
    "Settings",
    "Turn",
    "TurnSink",
    "create_app",
    "load_settings",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
