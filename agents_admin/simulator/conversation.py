"""Plays a script in a room: the visitor speaks, the custom LLM is called, the room hears."""

import logging
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import anyio

from agents_admin.simulator.caller import Caller, LlmFailed
from agents_admin.simulator.events import (
    ConversationEnded,
    ConversationStarted,
    EndReason,
    HeardTurn,
    Observer,
    TurnEnded,
    TurnStarted,
)
from agents_admin.simulator.hearing import Hearing
from agents_admin.simulator.payloads import Hook
from agents_admin.simulator.rooms import Room, Spoken
from agents_admin.simulator.script import Line, Script

logger = logging.getLogger(__name__)


async def play(room: Room, script: Script, observe: Observer) -> None:
    """Play the script to its end; a failure ends this conversation and no other."""
    try:
        await _play(room, script, observe)
    except Exception:
        logger.exception("session %s: the simulated conversation failed", room.session_id)


async def _play(room: Room, script: Script, observe: Observer) -> None:
    reason = EndReason.SHUTDOWN  # What it is if this is cancelled.
    try:
        reason = await _converse(room, script, observe)
    except Exception:
        reason = EndReason.FAILED
        raise
    finally:
        room.end(reason)
        logger.info("session %s ended: %s", room.session_id, reason)
        observe(ConversationEnded(room.session_id, reason))


async def _converse(room: Room, script: Script, observe: Observer) -> EndReason:
    greeting = room.config.first_message
    observe(ConversationStarted(room.session_id, room.url, greeting))
    if greeting:
        room.say(Spoken("assistant", greeting, datetime.now(UTC)))
    if room.config.hook is None:
        return EndReason.NO_CUSTOM_LLM
    with anyio.move_on_after(room.config.max_session_length) as session:
        await _visit(room, room.config.hook, script, observe)
    return EndReason.MAX_SESSION_LENGTH if session.cancelled_caught else EndReason.VISITOR_LEFT


async def _visit(room: Room, hook: Hook, script: Script, observe: Observer) -> None:
    async with Caller(hook) as caller:
        for index, line in enumerate(script.lines):
            await anyio.sleep(script.pause_s)
            said_at = datetime.now(UTC)
            room.say(Spoken("user", line.say, said_at))
            observe(TurnStarted(room.session_id, index, line.say))
            turn = await _hear(caller, room, index, line, observe)
            room.say(_spoken(turn, said_at))
            observe(TurnEnded(room.session_id, index, turn))


async def _hear(caller: Caller, room: Room, index: int, line: Line, observe: Observer) -> HeardTurn:
    hearing = Hearing(room.session_id, index, line, observe)
    try:
        async with aclosing(caller.answer(room.messages())) as pieces:
            async for piece in pieces:
                hearing.take(piece)
                if hearing.interrupted:
                    break
    except LlmFailed as exc:
        logger.warning("session %s: the custom LLM failed: %s", room.session_id, exc)
        return hearing.finish(str(exc))
    return hearing.finish()


def _spoken(turn: HeardTurn, said_at: datetime) -> Spoken:
    remark = "interrupted" if turn.interrupted else turn.error or ""
    if not turn.heard:
        remark = f"silent: {turn.error or 'the answer was empty'}"
    at = said_at + timedelta(seconds=turn.ttft_s or turn.duration_s)
    return Spoken("assistant", turn.heard, at, remark)
