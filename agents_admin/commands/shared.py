"""What several commands say in the same way."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from rich.console import Console

from llm_server import InvalidSettings

T = TypeVar("T")

errors = Console(stderr=True)

Config = Annotated[
    Path | None,
    typer.Option(help="A YAML file. Default: $SIMLI_LLM_CONFIG, or ./simli-llm.yaml if there."),
]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def usable(make: Callable[[], T]) -> T:
    """What is made of the configuration, if it can be."""
    try:
        return make()
    except InvalidSettings as exc:
        fail(str(exc))


def fail(message: str) -> NoReturn:
    errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(2)
