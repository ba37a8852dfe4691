"""The mock as a backend: its faults are the errors that a relay would raise."""

from collections.abc import AsyncGenerator

import anyio

from llm_server.backends.base import one_by_one
from llm_server.backends.mock.faults import as_relayed
from llm_server.backends.mock.options import Fault, MockOptions
from llm_server.backends.mock.plan import Planner
from llm_server.events import BackendEvent
from llm_server.protocol import ChatRequest

SILENT = frozenset({"no-answer", "stall"})


class MockBackend:
    """Says its script word by word. Which line is told by the conversation."""

    Options = MockOptions

    def __init__(self, options: MockOptions) -> None:
        self._planner = Planner(options)

    def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        return one_by_one(self.batches(request))

    async def batches(self, request: ChatRequest) -> AsyncGenerator[list[BackendEvent]]:
        """The events, in lists of those between which there is no wait."""
        plan = self._planner.plan(request)
        breaks_before = plan.breaks_before
        together: list[BackendEvent] = []
        for number, step in enumerate(plan.steps):
            if together and (step.wait_s or number == breaks_before):
                yield together
                together = []
            if plan.fault and number == breaks_before:
                await _break(plan.fault)
            if step.wait_s:
                await anyio.sleep(step.wait_s)
            together.append(step.event)
        if together:
            yield together

    async def aclose(self) -> None:
        pass


async def _break(fault: Fault) -> None:
    if fault.name in SILENT:
        await anyio.sleep_forever()
    raise as_relayed(fault)
