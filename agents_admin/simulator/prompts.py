"""What was spoken in a room -> the messages that the custom LLM receives."""

from collections.abc import Iterator

from agents_admin.simulator.behaviour import Calls
from agents_admin.simulator.rooms import Room

Message = dict[str, str]


def messages(room: Room, calls: Calls) -> list[Message]:
    """Return the whole history: every turn carries it.

    After a silent turn two user messages follow each other, as in Pipecat.
    """
    config, spoken = room.config, room.spoken
    system = [{"role": "system", "content": config.system_prompt or ""}]
    if config.first_message and not calls.first_message:
        spoken = spoken[1:]
    heard = [{"role": s.role, "content": s.content} for s in spoken if s.content]
    return (system if config.system_prompt and calls.system_message else []) + heard


def beginnings(text: str, count: int) -> Iterator[str]:
    """Yield up to that many beginnings of the text, each some words longer, and never all of it."""
    words = text.split()
    for number in range(1, count + 1):
        if cut := len(words) * number // (count + 1):
            yield " ".join(words[:cut])
