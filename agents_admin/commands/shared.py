"""What several commands say in the same way."""

import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console

errors = Console(stderr=True)

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")]


def fail(message: str) -> NoReturn:
    errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(2)
