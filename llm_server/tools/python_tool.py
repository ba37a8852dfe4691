"""A tool made of a Python function: its type hints and its docstring are the schema."""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, get_type_hints

import anyio.to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_json

from llm_server.backends.python_loading import Unusable, function_in, imported, why
from llm_server.keys import SessionClaims
from llm_server.protocol import Json
from llm_server.tools.base import InvalidArguments, wire_name
from llm_server.tools.docstrings import parameter_texts, summary

NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class PythonTool:
    """One function: `async def`, or `def`, which runs in a thread.

    A parameter `session` gets the caller's session, or None, and is not the model's to fill.
    What the function returns is told to the model: a string as it is, anything else as JSON.
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        """Raises Unusable."""
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise Unusable(f"expected {name!r} to return, not to yield")
        self.name = wire_name(name)
        self.description = summary(function)
        self._function = function
        self._takes_session = "session" in inspect.signature(function).parameters
        self._arguments, self.parameters = _read(name, function)

    @classmethod
    def load(cls, path: str) -> "PythonTool":
        """Find `module:function`. Raises Unusable."""
        module, _, name = path.partition(":")
        return cls(name, function_in(imported(module), name))

    async def run(self, arguments: Json, session: SessionClaims | None) -> str:
        call = partial(self._function, **self._validated(arguments))
        if self._takes_session:
            call = partial(call, session=session)
        if inspect.iscoroutinefunction(self._function):
            result = await call()
        else:
            # A thread cannot be cancelled, but nobody has to wait for it.
            result = await anyio.to_thread.run_sync(call, abandon_on_cancel=True)
        return result if isinstance(result, str) else to_json(result).decode()

    def _validated(self, arguments: Json) -> Json:
        """What was given, as the function's types. It has its own defaults for the rest."""
        try:
            validated = self._arguments.model_validate(arguments)
        except ValidationError as exc:
            raise InvalidArguments(_problems(exc)) from exc
        fields = self._arguments.model_fields
        return {
            fields[name].alias or name: getattr(validated, name)
            for name in validated.model_fields_set
        }


class _Schema(GenerateJsonSchema):
    """Without titles: they repeat the names, and are paid for with each request."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _read(name: str, function: Callable[..., Any]) -> tuple[type[BaseModel], Json]:
    """The model of a function's arguments, and its JSON schema. Raises Unusable."""
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception as exc:  # Hints may be any code.
        raise Unusable(f"the type hints of {name!r}: {why(exc)}") from exc
    try:
        model = create_model(
            "Arguments", __config__=ConfigDict(extra="forbid"), **dict(_fields(function, hints))
        )
        schema = model.model_json_schema(schema_generator=_Schema)
    except PydanticUserError as exc:
        problem = exc.message.partition("\n")[0]
        raise Unusable(f"the parameters of {name!r}: {problem}") from exc
    del schema["title"]
    return model, schema


def _fields(function: Callable[..., Any], hints: Json) -> Iterator[tuple[str, Any]]:
    """A field for each parameter. Its own name is an alias: pydantic's models have names, too."""
    texts = parameter_texts(function)
    parameters = inspect.signature(function).parameters.values()
    for number, parameter in enumerate(p for p in parameters if p.name != "session"):
        if parameter.kind not in NAMED:
            raise Unusable(f"expected all parameters to have a name, and {parameter} has none")
        default = ... if parameter.default is parameter.empty else parameter.default
        hint = hints.get(parameter.name, Any)
        text = FieldInfo.from_annotation(hint).description or texts.get(parameter.name)
        yield f"parameter_{number}", (hint, Field(default, alias=parameter.name, description=text))


def _problems(exc: ValidationError) -> str:
    """For the model: which arguments are wrong, and why."""
    problems = [
        f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
        for error in exc.errors(include_url=False, include_context=False, include_input=False)
    ]
    return f"The arguments are not valid. {'; '.join(problems)}"
