"""What this process remembers of the sessions that are going on.

No turn depends on it: another process that gets the next turn only knows less. To let turns be
joined and superseded with several processes, a balancer must send a session's bearer key always
to the same one.
"""

from collections import OrderedDict
from random import Random
from uuid import UUID

from llm_server.events import Events
from llm_server.voice.phrases import Phrases, choose
from llm_server.voice.shared_answer import SharedAnswer

# Sessions last minutes. Who comes back after so many others is a new one.
REMEMBERED = 10_000


class Conversation:
    """One session: the turn that is being answered, and what was said to bridge the last ones."""

    def __init__(self) -> None:
        self._asked: int | None = None
        self._answer: SharedAnswer | None = None
        self._interrupted = False
        self._again = False
        self._last_filler: str | None = None
        self._filled = self._filled_before = False

    def turn(self, asked: int) -> SharedAnswer | None:
        """Begin a turn. The answer is there already if the same is being answered right now.

        `asked` tells requests apart. An older turn that is still being answered is superseded.
        """
        running = self._answer if self._answer and self._answer.is_unfinished else None
        self._again = asked == self._asked
        if running and self._again:
            return running
        if running:
            running.supersede()
            self._interrupted = True
        self._asked = asked
        self._filled_before, self._filled = self._filled, False
        return None

    def share(self, events: Events) -> SharedAnswer:
        """Answer the turn with these events."""
        self._answer = SharedAnswer(events)
        return self._answer

    def ended(self, *, interrupted: bool) -> None:
        """Note how the turn ended."""
        self._interrupted = interrupted

    def filler(self, phrases: Phrases, random: Random) -> str | None:
        """Something to say while the answer is late; None where it would annoy.

        Not in two turns in a row, not after the visitor has interrupted, and not when the
        same turn is asked for once more.
        """
        if self._filled_before or self._interrupted or self._again:
            return None
        self._filled = True
        self._last_filler = choose(phrases.fillers, self._last_filler, random)
        return self._last_filler


class Conversations:
    """The latest ones, by session."""

    def __init__(self) -> None:
        self._conversations: OrderedDict[UUID, Conversation] = OrderedDict()

    def of(self, session_id: UUID) -> Conversation:
        conversation = self._conversations.setdefault(session_id, Conversation())
        self._conversations.move_to_end(session_id)
        if len(self._conversations) > REMEMBERED:
            self._conversations.popitem(last=False)
        return conversation
