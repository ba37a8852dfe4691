"""The streaming server: OpenAI's chat completions for a talking avatar.

These names are what other packages may use; everything else may change.
"""

from llm_server.app import create_app
from llm_server.keys import SessionClaims, SessionKeys
from llm_server.settings import Settings, load_settings
from llm_server.settings_problems import InvalidSettings
from llm_server.turns import LogTurnSink, Outcome, Turn, TurnSink

__all__ = [
    "InvalidSettings",
    "LogTurnSink",
    "Outcome",
    "SessionClaims",
    "SessionKeys",
    "Settings",
    "Turn",
    "TurnSink",
    "create_app",
    "load_settings",
]
