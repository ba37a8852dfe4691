"""The mock as a backend: its faults are the errors that a relay would raise."""

from collections.abc import AsyncGenerator

import anyio

from llm_server.backends.base import BackendEvent
from llm_server.backends.mock.faults import as_relayed
from llm_server.backends.mock.options import Fault, MockOptions
from llm_server.backends.mock.plan import Planner
from llm_server.protocol import ChatRequest

SILENT = frozenset({"no-answer", "stall"})


class MockBackend:
    """Says its script word by word. Which line is told by the conversation."""

    Options = MockOptions

    def __init__(self, options: MockOptions) -> None:
        self._planner = Planner(options)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[BackendEvent]:
        plan = self._planner.plan(request)
        for number, step in enumerate(plan.steps):
            if plan.fault and number == plan.breaks_before:
                await _break(plan.fault)
            if step.wait_s:
                await anyio.sleep(step.wait_s)
            yield step.event

    async def aclose(self) -> None:
        pass


async def _break(fault: Fault) -> None:
    if fault.name in SILENT:
        await anyio.sleep_forever()
    raise as_relayed(fault)
