"""One turn: the visitor speaks, the custom LLM is called, and the room hears its answer."""

import logging
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta

import anyio

from agents_admin.simulator.behaviour import Behaviour
from agents_admin.simulator.caller import Caller, LlmFailed
from agents_admin.simulator.events import Observer, TurnEnded, TurnStarted
from agents_admin.simulator.hearing import Hearing
from agents_admin.simulator.prompts import Message, beginnings, messages
from agents_admin.simulator.rooms import Room, Spoken
from agents_admin.simulator.script import Line

logger = logging.getLogger(__name__)

SILENT_VOICE = "silent voice"


class Answering:
    """The turns of one conversation, one after the other."""

    def __init__(self, room: Room, behaviour: Behaviour, caller: Caller, observe: Observer) -> None:
        self._room, self._caller, self._observe = room, caller, observe
        self._calls = behaviour.calls
        silent = behaviour.starts.silent_voices
        self._mute = room.config.voice_id in silent or "*" in silent
        self._index = 0

    async def greet(self) -> None:
        """Let the custom LLM speak first."""
        await self._answer(None)

    async def reply(self, line: Line) -> None:
        """Let the visitor say the line, and hear the answer."""
        await self._speak_on(line.say)
        self._room.say(Spoken("user", line.say, datetime.now(UTC)))
        await self._answer(line)

    async def _speak_on(self, text: str) -> None:
        """Ask with what was said so far, while the visitor says more."""
        history = messages(self._room, self._calls)
        for beginning in beginnings(text, self._calls.early):
            with anyio.move_on_after(self._calls.early_s):
                await self._drain([*history, {"role": "user", "content": beginning}])
                await anyio.sleep_forever()

    async def _answer(self, line: Line | None) -> None:
        session_id, said = self._room.session_id, line.say if line else ""
        self._observe(TurnStarted(session_id, self._index, said))
        hearing = Hearing(session_id, self._index, said, self._observe)
        turn = hearing.finish(await self._hear(hearing, line))
        at = turn.said_at + timedelta(seconds=turn.ttft_s or turn.duration_s)
        self._room.say(Spoken("assistant", turn.heard, at, turn))
        if turn.silent:
            logger.warning("session %s: a turn was %s", session_id, turn.remark)
        self._observe(TurnEnded(session_id, self._index, turn))
        self._index += 1

    async def _hear(self, hearing: Hearing, line: Line | None) -> str | None:
        """Hear an answer to its end, or until the visitor interrupts; return what failed."""
        prompt, failure = messages(self._room, self._calls), None
        async with anyio.create_task_group() as tasks:
            if self._calls.twice:
                tasks.start_soon(self._drain, prompt)
            with anyio.move_on_after(_patience_s(line)) as patience:
                failure = await self._listen(hearing, prompt, line)
            if patience.cancelled_caught:
                hearing.interrupted = True
            if hearing.interrupted:
                tasks.cancel_scope.cancel()
        return None if hearing.interrupted else failure

    async def _listen(
        self, hearing: Hearing, prompt: list[Message], line: Line | None
    ) -> str | None:
        try:
            async with aclosing(self._caller.answer(prompt)) as pieces:
                async for piece in pieces:
                    if not self._mute:
                        hearing.take(piece, line.interrupt_after if line else None)
                    if hearing.interrupted:
                        break
        except LlmFailed as exc:
            return str(exc)
        return SILENT_VOICE if self._mute else None

    async def _drain(self, prompt: list[Message]) -> None:
        with suppress(LlmFailed):
            async with aclosing(self._caller.answer(prompt)) as pieces:
                async for _ in pieces:
                    pass


def _patience_s(line: Line | None) -> float:
    if line is None or line.interrupt_after_ms is None:
        return float("inf")
    return line.interrupt_after_ms / 1000
