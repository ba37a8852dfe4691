"""`simli-llm simulate`: many simulated conversations at once, and what was heard."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import anyio
import typer
from rich.console import Console

from agents_admin.commands.shared import fail
from agents_admin.commands.simulator import BehaviourFile, ScriptFile, Switches, read_files
from llm_server.logs import configure_logging

if TYPE_CHECKING:
    from agents_admin.load.conversations import Plan
    from agents_admin.load.report import Report
    from agents_admin.simulator import StartSession


def simulate(  # noqa: PLR0913 - the parameters are the command's options
    agent: Annotated[
        str | None, typer.Argument(help="An agent's name or id. Or give --url instead.")
    ] = None,
    sessions: Annotated[int, typer.Option(min=1, help="Conversations at once.")] = 1,
    script: ScriptFile = None,
    behaviour: BehaviourFile = None,
    switches: Switches = None,
    server: Annotated[
        str, typer.Option(help="The server with the agent.")
    ] = "http://127.0.0.1:8080",
    url: Annotated[str | None, typer.Option(help="Call this custom LLM, without agents.")] = None,
    model: Annotated[str, typer.Option(help="The model to ask for, with --url.")] = "mock",
    key: Annotated[
        str, typer.Option(envvar="ADMIN_KEY", help="An admin key; with --url, the LLM's key.")
    ] = "",
    simulator_port: Annotated[
        int, typer.Option(help="Where `simli.base_url` of the server points to.")
    ] = 8090,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Hold conversations with an agent of yours at once; tell how soon it spoke, and how often not.

    This command is the Simli of the server: its `simli.base_url` must be
    http://127.0.0.1:8090. The exit code is 1 if anything went wrong.
    """
    from agents_admin.load.conversations import Plan, talk_to_llm

    configure_logging("ERROR")
    plan = Plan(*read_files(script, behaviour, switches), sessions)
    match agent, url:
        case str(), None:
            report = _talk_to_agent(plan, agent, server, key, simulator_port)
        case None, str():
            report = anyio.run(talk_to_llm, plan, _start_request(url, model, key))
        case _:
            fail("Name an agent, or give --url.")
    _show(report, as_json=as_json)
    raise typer.Exit(0 if report.passed else 1)


def _talk_to_agent(plan: "Plan", agent: str, server: str, key: str, port: int) -> "Report":
    from agents_admin.load.admin_api import AdminApi, AdminRefused, admin_client
    from agents_admin.load.conversations import talk_to_agent
    from agents_admin.running import address, free_socket

    async def talk() -> "Report":
        async with admin_client(server, key) as http:
            return await talk_to_agent(plan, AdminApi(http), agent, sock)

    try:
        sock = free_socket(port=port)
    except OSError as exc:
        fail(f"Port {port} cannot be used ({exc.strerror}). Is a simulator running there?")
    hint = f"This command is the server's Simli: set `simli.base_url` to {address(sock)}."
    try:
        return anyio.run(talk)
    except AdminRefused as exc:
        fail(f"{exc}\n{hint}")


def _start_request(url: str, model: str, key: str) -> "StartSession":
    from pydantic import ValidationError

    from agents_admin.simulator import StartSession

    config = {"model": model, "baseURL": url, "llmAPIKey": key}
    try:
        return StartSession.model_validate({"customLLMConfig": config})
    except ValidationError:
        fail(f"--url {url}: this is no http or https URL.")


def _show(report: "Report", *, as_json: bool) -> None:
    from agents_admin.load.report import as_table

    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    else:
        Console().print(as_table(report))
