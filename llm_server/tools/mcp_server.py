"""The tools of an MCP server, through MCP's own SDK. Needs the extra `mcp`."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import httpx2
from pydantic_core import to_json

from llm_server.backends.base import MissingExtra
from llm_server.keys import SessionClaims
from llm_server.protocol import Json
from llm_server.tools.base import InvalidArguments, ToolFailed, wire_name
from llm_server.tools.settings import McpTools
from llm_server.tools.toolbox import Offer

try:
    import mcp
    from mcp.client.streamable_http import streamable_http_client
    from mcp.types import INVALID_PARAMS
except ModuleNotFoundError as exc:
    raise MissingExtra("mcp") from exc

logger = logging.getLogger(__name__)

# For one answer of the server. A tool's own deadline is shorter.
REQUEST_S = 60.0
# How often it is looked whether the server lives, and which tools it has.
LOOK_S = 30.0
# Between two attempts to connect: at first so long, then twice as long each time.
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 60.0


class McpServer:
    """One server, which may come late, die, and come back: meanwhile its tools are missing.

    The connection belongs to the task of `keep_connected`, because it is made of cancel scopes,
    which a task has to leave itself. Others only send requests over it.
    """

    def __init__(self, name: str, settings: McpTools) -> None:
        self.offers: Sequence[Offer] = ()
        self._name = name
        self._settings = settings
        self._look = asyncio.Event()

    async def keep_connected(self) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            try:
                async with self._connected() as client:
                    await self._offer_tools(client)
                    logger.info("%s: connected, %d tools", self._name, len(self.offers))
                    retry_s = FIRST_RETRY_S
                    await self._keep_looking(client)
            except Exception as exc:  # Whatever is wrong with one server, the others go on.
                problem = _kinds(exc)
                logger.warning("%s: no tools (%s), again in %g s", self._name, problem, retry_s)
            finally:
                self.offers = ()
            await anyio.sleep(retry_s)
            retry_s = min(2 * retry_s, LAST_RETRY_S)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[mcp.Client]:
        settings = self._settings
        # Any answer may be long in coming; how long one is waited for is the SDK's to know.
        timeout = httpx2.Timeout(REQUEST_S, read=None)
        async with AsyncExitStack() as stack:
            if settings.url:
                http = httpx2.AsyncClient(headers=settings.headers, timeout=timeout)
                await stack.enter_async_context(http)
                transport = streamable_http_client(settings.url, http_client=http)
            else:
                transport = mcp.stdio_client(_program(settings), sys.stderr)
            client = mcp.Client(transport, read_timeout_seconds=REQUEST_S, cache=None)
            yield await stack.enter_async_context(client)

    async def _keep_looking(self, client: mcp.Client) -> None:
        """Again and again, and at once after an error. Raises when the connection is lost."""
        while True:
            with anyio.move_on_after(LOOK_S):
                await self._look.wait()
            await self._offer_tools(client)

    async def _offer_tools(self, client: mcp.Client) -> None:
        self._look.clear()
        page = await client.list_tools()
        tools = page.tools
        while page.next_cursor:
            page = await client.list_tools(cursor=page.next_cursor)
            tools += page.tools
        settings = self._settings
        self.offers = [
            Offer(McpTool(client, settings.prefix, tool, self._look.set), settings)
            for tool in tools
            if settings.tools is None or tool.name in settings.tools
        ]


class McpTool:
    """One tool of a connected server."""

    def __init__(
        self, client: mcp.Client, prefix: str, tool: mcp.Tool, note_error: Callable[[], None]
    ) -> None:
        self.name = wire_name(prefix + tool.name)
        self.description = tool.description or ""
        self.parameters = tool.input_schema
        self._client = client
        self._tool = tool.name
        self._note_error = note_error

    async def run(self, arguments: Json, session: SessionClaims | None) -> str:
        try:
            result = await self._client.call_tool(self._tool, arguments)
        except mcp.MCPError as exc:
            if exc.code == INVALID_PARAMS:
                raise InvalidArguments(exc.message) from exc
            logger.warning("the tool %s failed with MCP's error %d", self.name, exc.code)
            self._note_error()
            raise ToolFailed from exc
        text = _text(result)
        if result.is_error:
            raise ToolFailed(text) if text else ToolFailed
        return text


def _program(settings: McpTools) -> mcp.StdioServerParameters:
    assert settings.command
    command, *arguments = settings.command
    return mcp.StdioServerParameters(
        command=command, args=arguments, env=settings.env, cwd=settings.cwd
    )


def _text(result: mcp.types.CallToolResult) -> str:
    """What can be told in words."""
    texts = [block.text for block in result.content if isinstance(block, mcp.types.TextContent)]
    if not texts and result.structured_content is not None:
        return to_json(result.structured_content).decode()
    return "\n".join(texts)


def _kinds(exc: Exception) -> str:
    """What went wrong, without what messages may quote; many things can at once."""
    if isinstance(exc, ExceptionGroup):
        return ", ".join(map(_kinds, exc.exceptions))
    return type(exc).__name__
