"""What the visitor of a simulated room says, where they interrupt, and how they leave."""

from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field

from agents_admin.simulator.written import Written, load


class Line(Written):
    """One thing the visitor says."""

    say: str = Field(min_length=1)
    pause_s: float | None = Field(default=None, ge=0)
    """The silence before it; that of the script when omitted."""
    interrupt_after: int | None = Field(default=None, ge=1)
    """The visitor hears that many characters of the answer and then speaks again: the caller
    hangs up on the custom LLM. A shorter answer is heard to its end."""
    interrupt_after_ms: int | None = Field(default=None, ge=0)
    """The same, in milliseconds since the visitor stopped speaking."""


class Script(Written):
    """A visitor: the lines in order, and the pause before each of them in seconds."""

    name: str = "visitor"
    pause_s: float = Field(default=0.2, ge=0)
    lines: tuple[Line, ...] = Field(min_length=1)
    then: Literal["leave", "stay"] = "leave"
    """Who stays says nothing more, as a closed browser tab: the session ends by its timers."""


def load_script(path: Path) -> Script:
    """Read a script from a YAML file; raise `InputRefused` with the place of every fault."""
    return load(Script, path)


def load_sample() -> Script:
    """Read the packaged script: seven lines to a dental practice, one of which interrupts."""
    return load(Script, resources.files(__package__) / "sample.yaml")
