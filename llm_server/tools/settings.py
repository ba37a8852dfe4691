"""What can be said of a model's tools: `models.<name>.tools`."""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from llm_server.backends.python_loading import FunctionPath
from llm_server.sections import HttpUrl, Section
from llm_server.voice.phrases import Line


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _named(value: Any) -> Any:
    return {"function": value} if isinstance(value, str) else value


Phrases = Annotated[list[Line], BeforeValidator(_listed), Field(min_length=1)]


class Handling(Section):
    """How calls of a tool are treated."""

    # Longer than a minute nobody waits, and the watchdog of the whole answer would end it.
    timeout_s: Annotated[float, Field(gt=0, lt=60)] = 10
    cached: bool = False
    """Keep results for the rest of the session: the same arguments do not run the tool again."""
    says: dict[str, Phrases] | None = None
    """What the avatar says while it waits, by language; `{}` for nothing.

    By default the voice's `working` lines.
    """
    says_after_s: Annotated[float, Field(ge=0)] = 0.8


class FunctionTool(Handling):
    """A Python function."""

    function: FunctionPath
    """`module:function`, found in the working directory or installed."""


class McpTools(Handling):
    """The tools of an MCP server: a program that is started here, or one at a URL."""

    command: Annotated[list[str], Field(min_length=1)] | None = None
    env: dict[str, str] = Field(default_factory=dict, repr=False)
    """Added to the few harmless variables that the program gets; no other one is passed on."""
    cwd: Path | None = None
    url: HttpUrl | None = None
    headers: dict[str, str] = Field(default_factory=dict, repr=False)
    tools: list[str] | None = None
    """Which of its tools the model gets, by the server's names; by default all."""
    prefix: str = ""
    """Put before the names of its tools, so that they differ from those of others."""

    @model_validator(mode="after")
    def _has_one_address(self) -> Self:
        if (self.command is None) == (self.url is None):
            raise ValueError("expected either command or url")
        return self


class ToolSettings(Section):
    """The tools of one model."""

    functions: list[Annotated[FunctionTool, BeforeValidator(_named)]] = Field(default_factory=list)
    mcp: list[McpTools] = Field(default_factory=list)
    rounds: Annotated[int, Field(ge=1, le=20)] = 4
    """How often in one answer the model may call tools; then it has to speak."""
    parallel: bool = True
    """Whether several calls of one round run at once."""
