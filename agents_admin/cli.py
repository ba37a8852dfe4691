"""`simli-llm`: the command line."""

from functools import partial
from importlib.metadata import version
from typing import Annotated

import anyio
import typer
from rich.console import Console

from agents_admin import migrate
from agents_admin.agents.commands import agents
from agents_admin.commands.shared import (
    Config,
    Host,
    Json,
    Port,
    on_database,
    require_schema,
    usable,
)
from agents_admin.commands.simulate import simulate
from agents_admin.commands.simulator import simulator
from agents_admin.doctor.command import doctor
from agents_admin.kept_secrets import with_kept_secrets, with_secrets_if_kept
from agents_admin.keys.commands import keys
from agents_admin.serve import Role, has_database, make_process
from agents_admin.settings import Settings
from llm_server import load_settings
from llm_server.logs import configure_logging
from llm_server.serving import run, uvicorn_config

# Locals in a traceback would show keys.
app = typer.Typer(
    name="simli-llm",
    help="The custom LLM server for Simli Auto: a mind for a talking avatar.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(agents, name="agents")
app.add_typer(keys, name="keys")
app.command()(doctor)


def show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("simli-llm-server"))
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    pass


@app.command()
def serve(
    config: Config = None,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    role: Annotated[Role, typer.Option(help="Run all of it, or one part.")] = Role.ALL,
) -> None:
    """Run the streaming server and the admin API, by default both in one process."""
    settings = usable(lambda: load_settings(Settings, config))
    configure_logging(settings.log.level, settings.log.format)
    settings = usable(lambda: _with_secrets(settings, role))
    if has_database(settings, role):
        require_schema(settings.database_url)
    process = usable(lambda: make_process(settings, role))
    lifetime, limits = settings.lifetime, settings.limits
    raise typer.Exit(run(uvicorn_config(process, lifetime, limits, host=host, port=port)))


app.command()(simulator)
app.command()(simulate)


@app.command()
def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running afterwards, to explore.")
    ] = False,
    mock: Annotated[
        bool, typer.Option("--mock", help="Use the mock backend even if a model is installed.")
    ] = False,
) -> None:
    """Play a whole conversation with an avatar: agent, session, turns, barge-in, transcript."""
    from agents_admin.demo.play import play

    configure_logging("WARNING")
    try:
        passed = anyio.run(partial(play, keep=keep, mock=mock))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(0 if passed else 1)


@app.command()
def backends(json: Json = False) -> None:
    """List the installed backends, and what `models.<name>.options` may hold for each."""
    from agents_admin.backend_list import as_json, as_table
    from llm_server.backends.installed import installed_backends

    found = installed_backends()
    if json:
        typer.echo(as_json(found))
    else:
        Console().print(as_table(found))


@db.command()
def upgrade(config: Config = None) -> None:
    """Create the tables, or bring them to this release."""
    settings = usable(lambda: load_settings(Settings, config))
    on_database(migrate.upgrade, settings.database_url)
    typer.echo("The database is current.")


def _with_secrets(settings: Settings, role: Role) -> Settings:
    if has_database(settings, role):
        return with_kept_secrets(settings)
    # A streaming server without a database still knows the sessions of one beside it.
    return with_secrets_if_kept(settings)
