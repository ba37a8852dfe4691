"""An observer of the simulator that gathers what was heard."""

import anyio

from agents_admin.simulator import (
    ConversationEnded,
    EndReason,
    Event,
    HeardTurn,
    TurnEnded,
)


class Audience:
    def __init__(self) -> None:
        self.turns: list[HeardTurn] = []
        self.ended: dict[str, EndReason] = {}
        self._one_ended = anyio.Event()

    def __call__(self, event: Event, /) -> None:
        match event:
            case TurnEnded(turn=turn):
                self.turns.append(turn)
            case ConversationEnded(session_id=session_id, reason=reason):
                self.ended[session_id] = reason
                self._one_ended.set()

    async def wait_for_the_end(self, count: int) -> None:
        """Wait until that many conversations have ended."""
        while len(self.ended) < count:
            self._one_ended = anyio.Event()
            await self._one_ended.wait()
