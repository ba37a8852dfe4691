"""`simli-llm simulator`, and the options it shares with `simli-llm simulate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from agents_admin.commands.shared import Host, Port, fail
from llm_server.logs import configure_logging
from llm_server.serving import run, uvicorn_config

if TYPE_CHECKING:
    from agents_admin.simulator import Behaviour, Script

ScriptFile = Annotated[
    Path | None, typer.Option("--script", help="What the visitor says (YAML). Default: a sample.")
]
BehaviourFile = Annotated[
    Path | None,
    typer.Option("--behaviour", help="How this Simli behaves (YAML). See also --switches."),
]
Switches = Annotated[
    list[str] | None,
    typer.Option("--set", help="One switch, such as calls.stream=false. Repeatable."),
]


def show_switches(wanted: bool) -> None:
    if not wanted:
        return
    from agents_admin.simulator import list_switches

    table = Table("switch", "default", "meaning", box=None, header_style="bold")
    for path, default, meaning in list_switches():
        table.add_row(path, _as_yaml(default), meaning)
    Console().print(table)
    raise typer.Exit


def simulator(  # noqa: PLR0913 - the parameters are the command's options
    host: Host = "127.0.0.1",
    port: Port = 8090,
    script: ScriptFile = None,
    behaviour: BehaviourFile = None,
    switches: Switches = None,
    api_key: Annotated[
        str | None, typer.Option(help="The Simli key it accepts. Default: any.")
    ] = None,
    list_all: Annotated[
        bool,
        typer.Option("--switches", callback=show_switches, is_eager=True, help="List them all."),
    ] = False,
) -> None:
    """Run a local Simli, which calls your custom LLM as Simli does. No account needed."""
    from agents_admin.simulator import create_app
    from llm_server.settings import Lifetime

    configure_logging()
    visitor, manners = read_files(script, behaviour, switches)
    simli = create_app(visitor, behaviour=manners, api_key=api_key)
    raise typer.Exit(run(uvicorn_config(simli, Lifetime(shutdown_grace_s=0), host=host, port=port)))


def read_files(
    script: Path | None, behaviour: Path | None, switches: list[str] | None
) -> "tuple[Script, Behaviour]":
    """Read what the options name, or end the command with what is wrong with it."""
    from agents_admin.simulator import InputRefused, load_behaviour, load_sample, load_script

    try:
        visitor = load_script(script) if script else load_sample()
        return visitor, load_behaviour(behaviour, switches or ())
    except InputRefused as exc:
        fail(str(exc))


def _as_yaml(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case frozenset():
            return f"[{', '.join(sorted(value))}]"
    return str(value)
