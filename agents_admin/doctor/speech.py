"""Is there something to speak, and is it fit to be heard?"""

from agents_admin.doctor.chunks import Json
from agents_admin.doctor.findings import Judgement, failed, ok, warning
from agents_admin.doctor.questions import FIRST
from agents_admin.doctor.visit import Visit
from llm_server.voice.phrases import PhraseBook
from llm_server.voice.speakable import speakable

# Of this server, in the language of the doctor's sessions.
OWN_LINES = PhraseBook().phrases_for("en")


async def words(visit: Visit) -> Judgement:
    found = (await visit.ask(FIRST)).chunks
    if not found.text.strip():
        return failed(*_wordless([delta for _, delta in found.deltas]))
    if OWN_LINES.apology in found.text:
        return failed(
            "The server apologises: none of the model's backends answered.",
            "The server's log says why (`an answer failed`), or a request with a service key.",
        )
    return ok(f"“{_beginning(found.text)}”")


def _wordless(deltas: list[Json]) -> tuple[str, str]:
    if any(delta.get("tool_calls") for delta in deltas):
        return (
            "The model calls a tool and says nothing: Simli runs no tools.",
            "Run tools in the server (`models.<name>.tools`), or offer none to the model.",
        )
    if any(delta.get("reasoning_content") or delta.get("reasoning") for delta in deltas):
        return (
            "The model thinks, and says nothing.",
            "Turn thinking off or down, or allow it more tokens.",
        )
    return "The stream has no words in it.", "Send text in `choices[0].delta.content`."


def _beginning(text: str, characters: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= characters else f"{text[:characters].rstrip()}…"


async def speakable_text(visit: Visit) -> Judgement:
    for exchange in visit.turns:
        if mark := _unspeakable(exchange.chunks.text):
            return warning(
                f"“{mark}” would be read aloud as it is written.",
                "Let this server answer (it takes out markdown, links and emoji), or ask the"
                " model for plain spoken sentences.",
            )
    return ok("Plain sentences: no markdown, links or emoji.")


def _unspeakable(text: str) -> str | None:
    """The first word that a voice should not have been given."""
    spoken = speakable(text).split()
    for number, word in enumerate(text.split()):
        if spoken[number : number + 1] != [word]:
            return _beginning(word)
    return None
