"""For tests of whatever Simli calls: a local Simli on a loopback port."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anyio.from_thread import start_blocking_portal

from agents_admin.running import address, free_socket, running
from agents_admin.simulator import (
    Behaviour,
    ConversationEnded,
    Event,
    Room,
    Script,
    create_app,
)

Json = dict[str, Any]


class SimliSimulator:
    """A Simli that does what the test tells it to. Point whatever starts sessions at `base_url`.

    Its visitor says "Hello!" until it is given a script.
    """

    api_key = "simli-key"

    def __init__(self) -> None:
        self.base_url = ""
        self._one_ended = threading.Condition()
        self.app = create_app(
            Script.model_validate({"lines": [{"say": "Hello!"}]}),
            api_key=self.api_key,
            observer=self._note,
        )
        self._simulator = self.app.state.simulator

    @property
    def rooms(self) -> list[Room]:
        """The rooms of all sessions, in the order of their starts.

        Of use are above all `turns`, `end_reason`, and `config`, the start request.
        """
        rooms: list[Room] = self._simulator.rooms.all()
        return rooms

    def script(self, *lines: str | Json, **options: Any) -> None:
        """Let the visitors of sessions to come say this.

        A line is what is said, or `{"say": …, "interrupt_after": 40}`. Lines and options are
        those of a script in YAML.
        """
        spoken = [{"say": line} if isinstance(line, str) else line for line in lines]
        self._simulator.script = Script.model_validate({"pause_s": 0, **options, "lines": spoken})

    def behave(self, **sections: Json) -> None:
        """Behave like this in sessions to come, else by default: `behave(calls={"twice": True})`.

        What there is, `simli-llm simulator --switches` lists.
        """
        self._simulator.behaviour = Behaviour.model_validate(sections)

    def wait_until_ended(self, sessions: int = 1, timeout_s: float = 10) -> list[Room]:
        """Wait until that many sessions have ended, and return all rooms. Raises TimeoutError.

        Blocks: in an async test, `await anyio.to_thread.run_sync(simli.wait_until_ended)`.
        """
        with self._one_ended:
            if not self._one_ended.wait_for(lambda: self._ended() >= sessions, timeout_s):
                raise TimeoutError(f"{self._ended()} of {sessions} sessions have ended.")
        return self.rooms

    def _ended(self) -> int:
        return sum(room.ended_at is not None for room in self.rooms)

    def _note(self, event: Event, /) -> None:
        if isinstance(event, ConversationEnded):
            with self._one_ended:
                self._one_ended.notify_all()


@contextmanager
def serve_simli_simulator() -> Iterator[SimliSimulator]:
    """Serve it in a thread with a loop of its own, so that sync tests can wait for it, too."""
    simli, sock = SimliSimulator(), free_socket()
    simli.base_url = address(sock)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running(simli.app, sock)),
    ):
        yield simli
