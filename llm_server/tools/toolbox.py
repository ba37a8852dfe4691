"""All tools of one model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import anyio

from llm_server.backends.base import MissingExtra
from llm_server.backends.python_loading import Unusable
from llm_server.protocol import Json
from llm_server.settings_problems import InvalidSettings
from llm_server.tools.base import Tool, schema
from llm_server.tools.cache import ResultCache
from llm_server.tools.python_tool import PythonTool
from llm_server.tools.settings import Handling, ToolSettings

DEFAULTS = ToolSettings()


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool, and how it is handled."""

    tool: Tool
    handling: Handling


class ToolServer(Protocol):
    """Where tools are that come and go."""

    @property
    def offers(self) -> Sequence[Offer]:
        """Those that can be called now."""
        ...

    async def keep_connected(self) -> None:
        """Runs until it is cancelled, and raises nothing."""
        ...


class Toolbox:
    """What a model can call.

    Of several tools of one name the first counts, and functions come before servers.
    """

    def __init__(
        self,
        offers: Sequence[Offer],
        servers: Sequence[ToolServer] = (),
        settings: ToolSettings = DEFAULTS,
    ) -> None:
        self.rounds = settings.rounds
        self.parallel = settings.parallel
        self.results = ResultCache()
        self._offers = offers
        self._servers = servers

    @classmethod
    def from_settings(cls, path: str, settings: ToolSettings) -> "Toolbox":
        """`path` is that of the settings, such as `models.anna.tools`. Raises InvalidSettings."""
        return cls(
            list(_functions(f"{path}.functions", settings)),
            _servers(f"{path}.mcp", settings),
            settings,
        )

    def schemas(self) -> list[Json]:
        """The tools there are now, as a request offers them."""
        return [schema(offer.tool) for offer in self._now().values()]

    def find(self, name: str) -> Offer | None:
        return self._now().get(name)

    async def keep_ready(self) -> None:
        """Stay connected to all servers. Runs beside the server, and is cancelled at its end."""
        async with anyio.create_task_group() as tasks:
            for server in self._servers:
                tasks.start_soon(server.keep_connected)

    def _now(self) -> dict[str, Offer]:
        offers = [*self._offers, *(offer for server in self._servers for offer in server.offers)]
        return {offer.tool.name: offer for offer in reversed(offers)}


def _functions(path: str, settings: ToolSettings) -> Iterator[Offer]:
    names: set[str] = set()
    for number, function in enumerate(settings.functions):
        try:
            tool = PythonTool.load(function.function)
        except Unusable as exc:
            raise InvalidSettings([f"{path}.{number}.function: {exc}"]) from exc
        if tool.name in names:
            raise InvalidSettings([f"{path}.{number}.function: {tool.name!r} is there twice"])
        names.add(tool.name)
        yield Offer(tool, function)


def _servers(path: str, settings: ToolSettings) -> list[ToolServer]:
    if not settings.mcp:
        return []
    try:
        from llm_server.tools.mcp_server import McpServer
    except MissingExtra as exc:
        raise InvalidSettings([f"{path}: {exc}"]) from exc
    return [McpServer(f"{path}.{number}", server) for number, server in enumerate(settings.mcp)]
