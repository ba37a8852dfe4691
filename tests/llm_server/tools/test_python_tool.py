"""Tools made of the functions of users."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import anyio
import pytest
from pydantic import BaseModel, Field

from llm_server.backends.python_loading import Unusable
from llm_server.keys import SessionClaims
from llm_server.protocol import Json
from llm_server.tools.base import InvalidArguments
from llm_server.tools.python_tool import PythonTool


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Item(BaseModel):
    name: str
    count: int = 1


def tool(function: Callable[..., Any]) -> PythonTool:
    return PythonTool(function.__name__, function)


async def test_type_hints_and_docstring_are_the_schema() -> None:
    def order(name: str, size: Size, count: int = 1, extra: Literal["ice"] | None = None) -> str:
        """Order a drink
        for the guest.

        Only the first paragraph counts.
        """
        return ""

    drink = tool(order)

    assert drink.name == "order"
    assert drink.description == "Order a drink for the guest."
    assert drink.parameters == {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "size": {"$ref": "#/$defs/Size"},
            "count": {"type": "integer", "default": 1},
            "extra": {
                "anyOf": [{"const": "ice", "type": "string"}, {"type": "null"}],
                "default": None,
            },
        },
        "required": ["name", "size"],
        "additionalProperties": False,
        "$defs": {"Size": {"enum": ["small", "large"], "title": "Size", "type": "string"}},
    }


def google(place: str, day: str = "today") -> None:
    """Tell the weather.

    Args:
        place (str): Where it is,
            with the country.
        day: When.

    Returns:
        The weather.
    """


def sphinx(place: str, day: str = "today") -> None:
    """Tell the weather.

    :param str place: Where it is,
        with the country.
    :param day: When.
    :return: The weather.
    """


def annotated(
    place: Annotated[str, Field(description="Where it is, with the country.")], day: str = "today"
) -> None:
    """Tell the weather.

    Args:
        place: Nobody reads this.
        day: When.
    """


@pytest.mark.parametrize("function", [google, sphinx, annotated])
def test_parameters_are_described(function: Callable[..., Any]) -> None:
    properties = tool(function).parameters["properties"]

    assert properties["place"]["description"] == "Where it is, with the country."
    assert properties["day"]["description"] == "When."


def test_a_function_without_words_and_hints_is_a_tool() -> None:
    def anything(it): ...  # type: ignore[no-untyped-def]

    bare = tool(anything)

    assert bare.description == ""
    assert bare.parameters["properties"] == {"it": {}}


async def test_arguments_come_as_the_types_they_were_declared_to_be() -> None:
    async def plan(day: date, items: list[Item], count: int, size: Size = Size.LARGE) -> str:
        return f"{day:%d.%m.} {items[0].count} {count + 1} {size.name}"

    arguments: Json = {"day": "2026-11-24", "items": [{"name": "tea"}], "count": "3"}

    assert await tool(plan).run(arguments, None) == "24.11. 1 4 LARGE"


async def test_names_of_parameters_are_free() -> None:
    def shadow(json: str, _private: int, model_config: str = "x", *, copy: bool = True) -> str:
        return f"{json}{_private}{model_config}{copy}"

    shadowing = tool(shadow)

    assert await shadowing.run({"json": "a", "_private": 1, "copy": False}, None) == "a1xFalse"
    assert shadowing.parameters["required"] == ["json", "_private"]


async def test_the_model_is_told_which_arguments_are_wrong() -> None:
    def count(number: int, item: Item) -> None: ...

    with pytest.raises(InvalidArguments) as caught:
        await tool(count).run({"number": "many", "item": {}, "colour": "red"}, None)

    assert str(caught.value) == (
        "The arguments are not valid. "
        "number: Input should be a valid integer, unable to parse string as an integer; "
        "item.name: Field required; colour: Extra inputs are not permitted"
    )


async def test_a_session_is_given_and_is_not_in_the_schema(claims: SessionClaims) -> None:
    def whose(question: str, session: SessionClaims | None) -> str:
        return f"{question} {session.language if session else 'nobody'}"

    asking = tool(whose)

    assert list(asking.parameters["properties"]) == ["question"]
    assert await asking.run({"question": "Who?"}, claims) == "Who? de"
    assert await asking.run({"question": "Who?"}, None) == "Who? nobody"


@dataclass
class Order:
    id: int
    day: date


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ("as it is", "as it is"),
        (None, "null"),
        ({"id": 7}, '{"id":7}'),
        ([Order(7, date(2026, 11, 24))], '[{"id":7,"day":"2026-11-24"}]'),
        (Item(name="tea"), '{"name":"tea","count":1}'),
    ],
)
async def test_what_is_returned_is_told(returned: Any, told: str) -> None:
    async def give() -> Any:
        return returned

    assert await tool(give).run({}, None) == told


async def test_a_plain_function_runs_in_a_thread_of_its_own() -> None:
    def where() -> str:
        return threading.current_thread().name

    assert await tool(where).run({}, None) != threading.current_thread().name


async def test_nobody_waits_for_a_thread_that_does_not_end() -> None:
    may_end, begun = threading.Event(), anyio.Event()

    def block() -> None:
        anyio.from_thread.run_sync(begun.set)
        may_end.wait(10)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tool(block).run, {}, None)
        await begun.wait()
        tasks.cancel_scope.cancel()

    assert not may_end.is_set()
    may_end.set()


def yields():  # type: ignore[no-untyped-def]
    yield 1


async def yields_later():  # type: ignore[no-untyped-def]
    yield 1


def takes_anything(*things: str) -> None: ...


def takes_a_place(place: str, /) -> None: ...


def takes_a_callable(function: Callable[[], None]) -> None: ...


def takes_an_object(thing: threading.Event) -> None: ...


def takes_what_is_not_there(thing: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (yields, "to return, not to yield"),
        (yields_later, "to return, not to yield"),
        (takes_anything, r"to have a name, and \*things: str has none"),
        (takes_a_place, "to have a name, and place: str has none"),
        (takes_a_callable, "parameters of 'takes_a_callable': Cannot generate a JsonSchema"),
        (takes_an_object, "parameters of 'takes_an_object': Unable to generate"),
        (takes_what_is_not_there, "type hints of 'takes_what_is_not_there': NameError at"),
    ],
)
def test_what_cannot_be_a_tool_is_refused(function: Callable[..., Any], problem: str) -> None:
    with pytest.raises(Unusable, match=problem):
        tool(function)
