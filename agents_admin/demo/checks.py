"""Did it all really happen? The demo believes nothing that it cannot compare."""

from collections.abc import Iterator, Sequence
from typing import Any

from agents_admin.simulator import HeardTurn

Json = dict[str, Any]

LEAST_TURNS = 6


def failures(
    heard: Sequence[HeardTurn], turns: Sequence[Json], transcript: Json, first_message: str
) -> list[str]:
    """What is wrong between what the visitor heard and what was stored; nothing, if all is well."""
    return [
        *_heard_failures(heard),
        *_turn_failures(heard, turns),
        *_transcript_failures(heard, transcript, first_message),
    ]


def _heard_failures(heard: Sequence[HeardTurn]) -> Iterator[str]:
    if len(heard) < LEAST_TURNS:
        yield f"The visitor spoke {len(heard)} times, not at least {LEAST_TURNS}."
    if not any(turn.interrupted for turn in heard):
        yield "Nobody was interrupted."
    for number, turn in enumerate(heard, start=1):
        if turn.error or not turn.heard:
            yield f"Turn {number}: nothing was heard ({turn.error or 'no text'})."
        elif turn.pieces < 2:
            yield f"Turn {number}: the answer came in one piece."


def _turn_failures(heard: Sequence[HeardTurn], turns: Sequence[Json]) -> Iterator[str]:
    if len(turns) != len(heard):
        yield f"{len(heard)} turns were heard, but {len(turns)} are stored."
    for number, (mine, stored) in enumerate(zip(heard, turns, strict=False), start=1):
        expected = "cancelled" if mine.interrupted else "completed"
        if stored["outcome"] != expected:
            yield f"Turn {number}: stored as {stored['outcome']}, but it was {expected}."
        if stored["user_text"] != mine.said:
            yield f"Turn {number}: what the visitor said is stored wrongly."
        # After a barge-in some text may have been on its way when the visitor hung up.
        sent = stored["sent_text"].strip()
        if not (sent.startswith(mine.heard) if mine.interrupted else sent == mine.heard):
            yield f"Turn {number}: what was heard and what is stored differ."


def _transcript_failures(
    heard: Sequence[HeardTurn], transcript: Json, first_message: str
) -> Iterator[str]:
    expected = [("assistant", first_message)]
    for turn in heard:
        expected += [("user", turn.said), ("assistant", turn.heard)]
    stored = [(entry["role"], entry["text"]) for entry in transcript["entries"]]
    if stored != expected:
        yield "The stored transcript is not the conversation that took place."
