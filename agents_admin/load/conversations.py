"""Hold many conversations at once: with an agent of a server, or with a custom LLM's URL."""

import socket
from dataclasses import dataclass

import anyio

from agents_admin.load.admin_api import AdminApi, AdminRefused
from agents_admin.load.audience import Audience
from agents_admin.load.report import Report, make_report
from agents_admin.running import address, running
from agents_admin.simulator import (
    Behaviour,
    Script,
    Simulator,
    StartSession,
    TooManyStarts,
    create_app,
)


@dataclass(frozen=True)
class Plan:
    script: Script
    behaviour: Behaviour
    sessions: int


async def talk_to_agent(plan: Plan, admin: AdminApi, agent: str, sock: socket.socket) -> Report:
    """Let a server start sessions of an agent at a simulator that listens on the socket.

    Raises `AdminRefused` if not even one is started, or at another Simli than this one.
    """
    audience, failure = Audience(), None
    simli = create_app(
        plan.script, behaviour=plan.behaviour, observer=audience, public_url=address(sock)
    )
    refusals: list[str] = []
    async with running(simli, sock):
        try:
            agent_id = await admin.find_agent(agent)
            await _start_one(admin, agent_id, simli.state.simulator)
            refusals = await _start_more(admin, agent_id, plan.sessions - 1)
            await audience.wait_for_the_end(plan.sessions - len(refusals))
        except AdminRefused as exc:
            failure = exc
    if failure is not None:
        # Out here: the group of the running server's tasks would wrap it.
        raise failure
    return make_report(audience, refusals)


async def _start_one(admin: AdminApi, agent_id: str, simulator: Simulator) -> None:
    """Before there are more: sessions of the real Simli are billed."""
    if simulator.rooms.of_session(await admin.start_session(agent_id)) is None:
        raise AdminRefused("The session was started at another Simli.")


async def _start_more(admin: AdminApi, agent_id: str, count: int) -> list[str]:
    """Start sessions at once; return why some did not start."""
    refusals: list[str] = []

    async def start() -> None:
        try:
            await admin.start_session(agent_id)
        except AdminRefused as exc:
            refusals.append(f"start: {exc}")

    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(start)
    return refusals


async def talk_to_llm(plan: Plan, config: StartSession) -> Report:
    """Call a custom LLM without any server of agents: nothing is listened on, nothing signed."""
    audience, refusals = Audience(), list[str]()
    simulator = Simulator(plan.script, plan.behaviour, audience)
    async with simulator.running():
        for _ in range(plan.sessions):
            try:
                simulator.start(config, account="load", base_url="")
            except TooManyStarts as exc:
                refusals.append(f"start: {exc}")
        await audience.wait_for_the_end(plan.sessions - len(refusals))
    return make_report(audience, refusals)
