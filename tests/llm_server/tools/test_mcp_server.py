"""Tools of real MCP servers, over both transports."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import MCPError
from mcp.server import Server, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    Tool,
)
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from llm_server.events import ToolRan
from llm_server.tools.settings import ToolSettings
from llm_server.tools.toolbox import Toolbox
from tests.llm_server.fakes import says
from tests.llm_server.servers import serve
from tests.llm_server.tools.scripted import ScriptedModel, call, heard

PROGRAM = """
import os
from mcp.server.mcpserver import MCPServer

server = MCPServer("shop")

@server.tool()
def pid() -> str:
    "Tell the process."
    return str(os.getpid())

@server.tool(name="shop.greet")
def greet(name: str) -> str:
    "Greet somebody."
    return f"{os.environ['GREETING']}, {name}!"

@server.tool()
def die() -> str:
    os._exit(1)

server.run("stdio")
"""


@pytest.fixture
def program(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "shop.py"
    path.write_text(PROGRAM)
    return {"command": [sys.executable, str(path)], "env": {"GREETING": "Good day"}}


@asynccontextmanager
async def ready(*servers: dict[str, Any]) -> AsyncIterator[Toolbox]:
    settings = ToolSettings.model_validate({"mcp": servers})
    box = Toolbox.from_settings("models.anna.tools", settings)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(box.keep_ready)
        yield box
        tasks.cancel_scope.cancel()


async def until(happened: Callable[[], object]) -> None:
    with anyio.fail_after(20):
        while not happened():  # noqa: ASYNC110
            await anyio.sleep(0.01)


async def told(box: Toolbox, name: str, arguments: str = "{}") -> tuple[str, str]:
    """What a model is told that calls this tool, and how the call ended."""
    model = ScriptedModel(call(name, arguments), says("Done."))
    [ran] = [event for event in await heard(model, box) if isinstance(event, ToolRan)]
    return model.results[0]["content"], ran.outcome


async def test_the_tools_of_a_program_are_called(program: dict[str, Any]) -> None:
    async with ready(program) as box:
        await until(box.schemas)

        greet = next(s["function"] for s in box.schemas() if "greet" in s["function"]["name"])
        assert greet["name"] == "shop_greet"
        assert greet["description"] == "Greet somebody."
        assert greet["parameters"]["required"] == ["name"]
        assert await told(box, "shop_greet", '{"name": "Ann"}') == ("Good day, Ann!", "ok")


async def test_a_model_can_get_some_of_the_tools_under_names_of_their_own(
    program: dict[str, Any],
) -> None:
    async with ready({**program, "tools": ["pid"], "prefix": "shop_"}) as box:
        await until(box.schemas)

        assert [schema["function"]["name"] for schema in box.schemas()] == ["shop_pid"]
        assert (await told(box, "shop_pid"))[1] == "ok"


async def test_a_program_that_dies_in_a_call_comes_back(
    program: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async with ready(program) as box:
        await until(box.schemas)
        assert await told(box, "die") == ("The tool failed.", "failed")

        await until(lambda: not box.schemas())
        assert await told(box, "pid") == ("There is no tool 'pid'.", "unknown")
        await until(box.schemas)
        assert (await told(box, "pid"))[1] == "ok"

    assert "models.anna.tools.mcp.0: no tools (MCPError), again in 0.5 s" in caplog.text


async def test_a_program_that_was_killed_is_noticed_with_the_next_call(
    program: dict[str, Any],
) -> None:
    async with ready(program) as box:
        await until(box.schemas)
        old, _ = await told(box, "pid")
        os.kill(int(old), signal.SIGKILL)

        assert await told(box, "pid") == ("The tool failed.", "failed")
        await until(lambda: not box.schemas())
        await until(box.schemas)

        assert (await told(box, "pid"))[0] != old


async def test_the_program_ends_with_the_server(program: dict[str, Any]) -> None:
    async with ready(program) as box:
        await until(box.schemas)
        pid = int((await told(box, "pid"))[0])

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_broken_server_does_not_hinder_the_others(
    program: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async with ready({"command": ["no-such-program"]}, program) as box:
        await until(box.schemas)

        assert (await told(box, "pid"))[1] == "ok"

    assert "models.anna.tools.mcp.0: no tools (FileNotFoundError)" in caplog.text


def shop() -> MCPServer:
    server = MCPServer("shop")

    @server.tool()
    def count(number: int) -> dict[str, int]:
        return {"count": number}

    @server.tool()
    def refuse() -> str:
        raise ToolError("We are closed.")

    return server


class PaginatedShop:
    """Tells one tool a page, and who asked for them. It takes no arguments but its own."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        server = Server("shop", on_list_tools=self._list, on_call_tool=self._call)
        self.app = server.streamable_http_app()

    async def _list(
        self, context: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        assert context.request
        self.keys.add(context.request.headers["authorization"])
        page = int(params.cursor) if params and params.cursor else 1
        tool = Tool(name=f"tool_{page}", input_schema={"type": "object"})
        return ListToolsResult(tools=[tool], next_cursor=str(page + 1) if page < 3 else None)

    async def _call(
        self, context: ServerRequestContext[Any], params: CallToolRequestParams
    ) -> CallToolResult:
        if params.arguments:
            raise MCPError(INVALID_PARAMS, "It takes no arguments.")
        return CallToolResult(content=[], structured_content={"id": 7})


async def test_all_pages_of_tools_are_read() -> None:
    shop = PaginatedShop()
    async with serve(shop.app) as url:
        server = {"url": f"{url}/mcp", "headers": {"authorization": "Bearer key"}}
        async with ready(server) as box:
            await until(box.schemas)

            names = [schema["function"]["name"] for schema in box.schemas()]
            assert sorted(names) == ["tool_1", "tool_2", "tool_3"]
            assert shop.keys == {"Bearer key"}
            assert await told(box, "tool_3") == ('{"id":7}', "ok")
            assert await told(box, "tool_3", '{"a": 1}') == ("It takes no arguments.", "invalid")


class DownAtTimes:
    """What a proxy answers for a server that is down."""

    def __init__(self, app: ASGIApp) -> None:
        self.is_down = False
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        down = self.is_down and scope["type"] == "http"
        await (Response(status_code=503) if down else self._app)(scope, receive, send)


async def test_a_server_at_a_url_that_goes_down_comes_back() -> None:
    shop = DownAtTimes(PaginatedShop().app)
    async with serve(shop) as url:
        server = {"url": f"{url}/mcp", "headers": {"authorization": "Bearer key"}}
        async with ready(server) as box:
            await until(box.schemas)

            shop.is_down = True
            assert await told(box, "tool_1") == ("The tool failed.", "failed")
            await until(lambda: not box.schemas())

            shop.is_down = False
            await until(box.schemas)
            assert (await told(box, "tool_1"))[1] == "ok"


@pytest.fixture
async def shop_url() -> AsyncIterator[str]:
    async with serve(shop().streamable_http_app()) as url:
        yield f"{url}/mcp"


async def test_the_tools_at_a_url_are_called(shop_url: str) -> None:
    async with ready({"url": shop_url}) as box:
        await until(box.schemas)

        text, outcome = await told(box, "count", '{"number": 7}')
        assert (text.split(), outcome) == (["{", '"count":', "7", "}"], "ok")


async def test_a_tool_can_refuse_in_its_own_words(shop_url: str) -> None:
    async with ready({"url": shop_url}) as box:
        await until(box.schemas)

        text, outcome = await told(box, "refuse")
        assert "We are closed." in text
        assert outcome == "failed"


async def test_the_model_is_told_which_arguments_a_server_does_not_take(shop_url: str) -> None:
    async with ready({"url": shop_url}) as box:
        await until(box.schemas)

        text, outcome = await told(box, "count", '{"number": "many"}')
        assert "number" in text
        assert outcome == "failed"
