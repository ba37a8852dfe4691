"""The contract between a tool and the server, and what can go wrong with a call."""

import re
from typing import Protocol

from llm_server.keys import SessionClaims
from llm_server.protocol import Json


class Tool(Protocol):
    """Something that a model can call."""

    @property
    def name(self) -> str:
        """As the model knows it."""
        ...

    @property
    def description(self) -> str: ...

    @property
    def parameters(self) -> Json:
        """The JSON schema of its arguments."""
        ...

    async def run(self, arguments: Json, session: SessionClaims | None) -> str:
        """What the model is told. Cancelled when nobody waits for it any more.

        Raises InvalidArguments or ToolFailed to choose what the model is told instead; of any
        other exception it is told nothing but that the tool failed.
        """
        ...


class InvalidArguments(Exception):
    """The model can correct itself: the message tells it how."""


class ToolFailed(Exception):
    """The tool could not do it. The message is told to the model."""

    def __init__(self, message: str = "The tool failed.") -> None:
        super().__init__(message)


def wire_name(name: str) -> str:
    """The name as OpenAI and Anthropic allow it. MCP also has dots and slashes in its names."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:64]


def schema(tool: Tool) -> Json:
    """The tool, as a request offers it."""
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    return {"type": "function", "function": function}
