"""Plays a script in a room, from the greeting until somebody or something ends the session."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

import anyio

from agents_admin.simulator.answering import Answering
from agents_admin.simulator.behaviour import Behaviour
from agents_admin.simulator.caller import Caller
from agents_admin.simulator.events import (
    ConversationEnded,
    ConversationStarted,
    EndReason,
    Observer,
)
from agents_admin.simulator.hooks import Hook, choose_hook
from agents_admin.simulator.rooms import Room, Spoken
from agents_admin.simulator.script import Script

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Conversation:
    room: Room
    script: Script
    behaviour: Behaviour
    observe: Observer

    async def play(self) -> None:
        """Play the script to its end; a failure ends this conversation and no other."""
        try:
            await self._play()
        except Exception:
            logger.exception("session %s: the conversation failed", self.room.session_id)

    async def _play(self) -> None:
        reason = EndReason.SHUTDOWN  # What it is if this is cancelled.
        try:
            reason = await self._converse()
        except Exception:
            reason = EndReason.FAILED
            raise
        finally:
            self.room.end(reason)
            logger.info("session %s ended: %s", self.room.session_id, reason)
            self.observe(ConversationEnded(self.room.session_id, reason))

    async def _converse(self) -> EndReason:
        config = self.room.config
        self.observe(ConversationStarted(self.room.session_id, self.room.url, config.first_message))
        if config.first_message:
            # Spoken without asking the custom LLM.
            self.room.say(Spoken("assistant", config.first_message, datetime.now(UTC)))
        hook = choose_hook(config, self.behaviour.starts)
        if hook is None:
            return EndReason.NO_CUSTOM_LLM
        with anyio.move_on_after(self._lasting(config.max_session_length)):
            return await self._visit(hook)
        return EndReason.MAX_SESSION_LENGTH

    async def _visit(self, hook: Hook) -> EndReason:
        async with Caller(hook, self.behaviour.calls) as caller:
            answering = Answering(self.room, self.behaviour, caller, self.observe)
            if self.behaviour.calls.at_join and not self.room.config.first_message:
                await answering.greet()
            for line in self.script.lines:
                pause_s = self.script.pause_s if line.pause_s is None else line.pause_s
                if not await self._stay_for(pause_s):
                    return EndReason.MAX_IDLE_TIME
                await answering.reply(line)
        if self.script.then == "leave":
            return EndReason.VISITOR_LEFT
        await anyio.sleep(self._lasting(self.room.config.max_idle_time))
        return EndReason.MAX_IDLE_TIME

    async def _stay_for(self, pause_s: float) -> bool:
        """Wait in silence; False if the session would not last that long."""
        idle_s = self._lasting(self.room.config.max_idle_time)
        await anyio.sleep(min(pause_s, idle_s))
        return pause_s <= idle_s

    def _lasting(self, seconds: int) -> float:
        return seconds * self.behaviour.limits.second_s
