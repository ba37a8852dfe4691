"""A local Simli: starts sessions, plays a visitor, and calls the custom LLM as Simli does.

Everything works without a Simli account. It stands alone, as Simli does: it knows nothing of
the server it calls but the three values that a start request carries.
"""

from agents_admin.simulator.app import create_app
from agents_admin.simulator.behaviour import Behaviour, list_switches, load_behaviour
from agents_admin.simulator.events import (
    AnswerPiece,
    ConversationEnded,
    ConversationStarted,
    EndReason,
    Event,
    HeardSentence,
    HeardTurn,
    Observer,
    SentenceHeard,
    TurnEnded,
    TurnStarted,
)
from agents_admin.simulator.listening import ListeningLog, listening_log
from agents_admin.simulator.payloads import CustomLlmConfig, StartSession
from agents_admin.simulator.rooms import Room
from agents_admin.simulator.script import Line, Script, load_sample, load_script
from agents_admin.simulator.simulator import Simulator
from agents_admin.simulator.start_limits import TooManyStarts
from agents_admin.simulator.written import InputRefused

__all__ = [
    "AnswerPiece",
    "Behaviour",
    "ConversationEnded",
    "ConversationStarted",
    "CustomLlmConfig",
    "EndReason",
    "Event",
    "HeardSentence",
    "HeardTurn",
    "InputRefused",
    "Line",
    "ListeningLog",
    "Observer",
    "Room",
    "Script",
    "SentenceHeard",
    "Simulator",
    "StartSession",
    "TooManyStarts",
    "TurnEnded",
    "TurnStarted",
    "create_app",
    "list_switches",
    "listening_log",
    "load_behaviour",
    "load_sample",
    "load_script",
]
