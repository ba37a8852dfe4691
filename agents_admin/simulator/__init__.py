"""A local Simli: starts sessions, plays a visitor, and calls the custom LLM as Simli does.

Everything works without a Simli account. It stands alone, as Simli does: it knows nothing of
the server it calls but the three values that a start request carries.
"""

from agents_admin.simulator.app import create_app
from agents_admin.simulator.events import (
    AnswerPiece,
    ConversationEnded,
    ConversationStarted,
    EndReason,
    Event,
    HeardTurn,
    Observer,
    SentenceHeard,
    TurnEnded,
    TurnStarted,
)
from agents_admin.simulator.script import Line, Script, ScriptRefused, load_sample, load_script

__all__ = [
    "AnswerPiece",
    "ConversationEnded",
    "ConversationStarted",
    "EndReason",
    "Event",
    "HeardTurn",
    "Line",
    "Observer",
    "Script",
    "ScriptRefused",
    "SentenceHeard",
    "TurnEnded",
    "TurnStarted",
    "create_app",
    "load_sample",
    "load_script",
]
