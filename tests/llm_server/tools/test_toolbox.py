import builtins
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from llm_server import InvalidSettings
from llm_server.tools.settings import ToolSettings
from llm_server.tools.toolbox import Offer, Toolbox
from tests.llm_server.tools.scripted import FakeTool, toolbox

PATH = "models.anna.tools"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of tools in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    name = f"shop_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text("""
class Desk:
    pass

def find_order(id: int) -> str:
    '''Find an order.'''
    return f"Order {id} is on its way."

desk = Desk()
""")
    return name


def made(**settings: Any) -> Toolbox:
    return Toolbox.from_settings(PATH, ToolSettings.model_validate(settings))


async def test_functions_are_found(module: str) -> None:
    box = made(functions=[f"{module}:find_order"])

    offer = box.find("find_order")

    assert offer
    assert await offer.tool.run({"id": 7}, None) == "Order 7 is on its way."
    assert [schema["function"]["description"] for schema in box.schemas()] == ["Find an order."]


def test_a_function_can_be_handled_in_its_own_way(module: str) -> None:
    function = {
        "function": f"{module}:find_order",
        "timeout_s": 5,
        "cached": True,
        "says": {"en": "Let me see."},
        "says_after_s": 0.5,
    }

    offer = made(functions=[function]).find("find_order")

    assert offer
    assert offer.handling.timeout_s == 5
    assert offer.handling.says == {"en": ["Let me see.. "]}


def test_a_tool_that_is_not_there_is_not_found() -> None:
    assert toolbox(FakeTool("find")).find("lose") is None


def test_the_first_of_a_name_counts() -> None:
    first, second = FakeTool("find"), FakeTool("find")
    handling = ToolSettings.model_validate({"functions": ["shop:find"]}).functions[0]
    box = Toolbox([Offer(first, handling), Offer(second, handling)])

    offer = box.find("find")

    assert offer
    assert offer.tool is first
    assert len(box.schemas()) == 1


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        ("{}:lose_order", r"functions\.0\.function: 'shop_\d+' has no function 'lose_order'"),
        ("{}:desk", r"functions\.0\.function: 'shop_\d+' has no function 'desk'"),
        ("no_such_module:find", r"functions\.0\.function: 'no_such_module' cannot be imported"),
    ],
)
def test_what_is_not_there_is_refused_by_its_path(module: str, function: str, problem: str) -> None:
    with pytest.raises(InvalidSettings, match=rf"models\.anna\.tools\.{problem}"):
        made(functions=[function.format(module)])


def test_two_functions_of_one_name_are_refused(module: str) -> None:
    with pytest.raises(
        InvalidSettings, match=r"functions\.1\.function: 'find_order' is there twice"
    ):
        made(functions=[f"{module}:find_order"] * 2)


def test_mcp_without_its_extra_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_mcp(name: str, *args: Any) -> Any:
        if name == "mcp":
            raise ModuleNotFoundError(name)
        return real_import(name, *args)

    monkeypatch.delitem(sys.modules, "llm_server.tools.mcp_server", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_mcp)

    with pytest.raises(InvalidSettings, match=r"tools\.mcp: .*simli-llm-server\[mcp\]"):
        made(mcp=[{"command": ["server"]}])


@pytest.mark.parametrize(
    "settings",
    [
        {"functions": ["shop.py"]},
        {"functions": [{"function": "shop:find", "timeout": 5}]},
        {"functions": [{"function": "shop:find", "timeout_s": 60}]},
        {"functions": [{"function": "shop:find", "says": {"en": []}}]},
        {"mcp": [{}]},
        {"mcp": [{"command": []}]},
        {"mcp": [{"command": ["server"], "url": "http://127.0.0.1"}]},
        {"mcp": [{"url": "127.0.0.1"}]},
        {"rounds": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: Any) -> None:
    with pytest.raises(ValidationError):
        ToolSettings.model_validate(settings)


def test_secrets_of_a_server_are_not_shown() -> None:
    shown = repr(
        ToolSettings.model_validate(
            {
                "mcp": [
                    {"url": "http://127.0.0.1", "headers": {"authorization": "a-secret"}},
                    {"command": ["server"], "env": {"KEY": "a-secret"}},
                ]
            }
        )
    )

    assert "a-secret" not in shown
