"""`simli-llm doctor`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import typer
from pydantic import ValidationError
from rich.console import Console

from agents_admin.commands.shared import Config, Json
from agents_admin.doctor.examination import examine, target_of
from agents_admin.doctor.installation import Installation
from agents_admin.doctor.report import as_json, passed, show
from agents_admin.doctor.target import KeyNeeded, check_url
from agents_admin.kept_secrets import with_secrets_if_kept
from agents_admin.settings import Settings
from llm_server import InvalidSettings, load_settings
from llm_server.logs import configure_logging


def doctor(
    url: Annotated[
        str | None, typer.Option(help="The base URL that Simli is given. Default: public_url/v1.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="The key that Simli is given. Default: one for a session, signed here."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The model that Simli asks for. Default: the first.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Find out why an avatar is silent: look at its LLM as Simli does, and at this installation.

    Asks the model some six times, and starts, stores and changes nothing.
    """
    configure_logging("CRITICAL")
    installation = Installation(_read(config))
    try:
        target = target_of(installation, url and check_url(url), key, model)
    except ValidationError as exc:
        raise typer.BadParameter("expected an http:// or https:// URL", param_hint="--url") from exc
    except KeyNeeded as exc:
        raise typer.BadParameter(str(exc), param_hint="--key") from exc
    console = Console()
    with Console(stderr=True).status("Calling as Simli does …"):
        report = anyio.run(partial(examine, target, installation, with_public_url=url is not None))
    if json:
        typer.echo(as_json(report))
    else:
        show(console, report)
    raise typer.Exit(0 if passed(report) else 1)


def _read(config: Path | None) -> Settings | InvalidSettings:
    try:
        # Not made where there is none: a doctor leaves nothing behind.
        return with_secrets_if_kept(load_settings(Settings, config))
    except InvalidSettings as exc:
        return exc
