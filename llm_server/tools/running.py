"""Run calls of tools: each with its deadline, and with a result whatever happens."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from llm_server.cancellation import is_cancelled
from llm_server.events import ToolOutcome, ToolRan
from llm_server.keys import SessionClaims
from llm_server.protocol import Json
from llm_server.tools.base import InvalidArguments, ToolFailed
from llm_server.tools.cache import key_of
from llm_server.tools.calls import Call
from llm_server.tools.settings import Handling
from llm_server.tools.toolbox import Offer, Toolbox
from llm_server.tracebacks import account

logger = logging.getLogger(__name__)

Told = tuple[str, ToolOutcome]


@dataclass(frozen=True, slots=True)
class Result:
    """How a call ended."""

    call: Call
    text: str
    ran: ToolRan

    @property
    def message(self) -> Json:
        return {"role": "tool", "tool_call_id": self.call.id, "content": self.text}


class Running:
    """The calls of one round. Those that still run on leaving are cancelled, and not waited for.

    Tasks of asyncio's own and no task group: between two of them the generator yields, and may
    be closed by another task than the one that began it.
    """

    def __init__(
        self, calls: Sequence[Call], toolbox: Toolbox, session: SessionClaims | None
    ) -> None:
        self._toolbox = toolbox
        self._session = session
        self._gate = asyncio.Semaphore(len(calls) if toolbox.parallel else 1)
        self._began = monotonic()
        self._tasks = {asyncio.create_task(self._run(call)): call for call in calls}
        self._pending = set(self._tasks)

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        for task in self._pending:
            task.cancel()

    @property
    def results(self) -> list[Result]:
        """All of them, in the order of the calls, once nothing is waited for."""
        return [task.result() for task in self._tasks]

    @property
    def waited_for(self) -> list[Handling]:
        """How the calls that are not done are handled."""
        offers = (self._toolbox.find(self._tasks[task].name) for task in self._pending)
        return [offer.handling for offer in offers if offer]

    def __bool__(self) -> bool:
        return bool(self._pending)

    async def some(self, until_s: float | None) -> list[Result]:
        """Wait for one more to be done, or until so long after the beginning: then it is empty."""
        wait_s = None if until_s is None else max(0, self._began + until_s - monotonic())
        done, self._pending = await asyncio.wait(
            self._pending, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED
        )
        return [task.result() for task in done]

    async def _run(self, call: Call) -> Result:
        async with self._gate:
            return await run(call, self._toolbox, self._session)


async def run(call: Call, toolbox: Toolbox, session: SessionClaims | None) -> Result:
    """What goes wrong becomes a result, too: the model has to tell the caller something."""
    began = monotonic()
    text, outcome = await _told(call, toolbox, session)
    return Result(call, text, ToolRan(call.name, monotonic() - began, outcome))


async def _told(call: Call, toolbox: Toolbox, session: SessionClaims | None) -> Told:
    offer = toolbox.find(call.name)
    if offer is None:
        return f"There is no tool {call.name!r}.", "unknown"
    if call.arguments is None:
        return "The arguments are not a JSON object.", "invalid"
    if session is None or not offer.handling.cached:
        return await _run(offer, call.arguments, session)
    key = key_of(session, call.name, call.arguments)
    if kept := toolbox.results.get(key):
        return kept, "ok"
    text, outcome = await _run(offer, call.arguments, session)
    if outcome == "ok":
        toolbox.results.keep(key, text)
    return text, outcome


async def _run(offer: Offer, arguments: Json, session: SessionClaims | None) -> Told:
    try:
        async with asyncio.timeout(offer.handling.timeout_s) as deadline:
            return await offer.tool.run(arguments, session), "ok"
    except InvalidArguments as exc:
        return str(exc), "invalid"
    except ToolFailed as exc:
        return str(exc), "failed"
    except asyncio.CancelledError:
        if is_cancelled():
            raise
        logger.error("the tool %s cancelled itself", offer.tool.name)
        return str(ToolFailed()), "failed"
    except Exception as exc:
        if deadline.expired():
            return "The tool took too long.", "timed_out"
        logger.error("the tool %s raised %s", offer.tool.name, account(exc))
        return str(ToolFailed()), "failed"
