"""Templates of prompts: Jinja's text with values and conditions, and nothing that takes long.

There are no loops, no calls and no macros: each part is written once at most, so that a template is
done in a time that its length tells, whoever wrote it. Jinja's sandbox is the second wall.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from llm_server.errors import InvalidRequest

# More is no prompt. What the caller sends may be a part of it.
MAX_CHARS = 200_000

_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name),
    *(nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.Filter, nodes.Test),
)


def _strftime(value: date, form: str) -> str:
    return value.strftime(form)


def _environment() -> ImmutableSandboxedEnvironment:
    # A prompt is no HTML.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    kept = {name: environment.filters[name] for name in ("capitalize", "lower", "trim", "upper")}
    environment.filters = {**kept, "strftime": _strftime}
    environment.globals.clear()
    return environment


_ENVIRONMENT = _environment()


def compile_template(text: str, examples: Mapping[str, Any]) -> tuple[Template, set[str]]:
    """The template, and the names of the values it uses.

    `examples` has a value for each name that it may use. Raises ValueError, which names the line,
    for what is no template, or would fail later.
    """
    try:
        parsed = _ENVIRONMENT.parse(text)
        for node in parsed.find_all(nodes.Node):
            _check(node, examples)
        names = {name.name for name in parsed.find_all(nodes.Name)}
        template = _ENVIRONMENT.from_string(parsed)
    except TemplateSyntaxError as exc:
        raise ValueError(f"line {exc.lineno}: {exc.message}") from exc
    try:
        render(template, examples)
    except (TypeError, ValueError, AttributeError, ArithmeticError, InvalidRequest) as exc:
        # What a filter or a comparison does not like about a value; or it is too long as it is.
        raise ValueError(f"it cannot be filled in: {exc}") from exc
    return template, names


def render(template: Template, values: Mapping[str, Any]) -> str:
    """Fill in the template. Raises InvalidRequest if what the caller sent makes it too long."""
    pieces: list[str] = []
    left = MAX_CHARS
    for piece in template.generate(values):
        left -= len(piece)
        if left < 0:
            raise InvalidRequest("The instructions are too long.", param="messages")
        pieces.append(piece)
    return "".join(pieces)


def _check(node: nodes.Node, examples: Mapping[str, Any]) -> None:
    match node:
        case nodes.Name(name=name) if name not in examples:
            known = ", ".join(sorted(examples))
            raise TemplateSyntaxError(f"there is no {name!r} (there are {known})", node.lineno)
        case nodes.Getattr(node=nodes.Name(name=name), attr=attr):
            if name in examples and not _is_value(examples[name], attr):
                raise TemplateSyntaxError(f"{name} has no {attr!r}", node.lineno)
        case _ if not isinstance(node, _ALLOWED):
            kind = type(node).__name__
            raise TemplateSyntaxError(
                f"only values and conditions are possible, not {kind}", node.lineno
            )


def _is_value(example: Any, attr: str) -> bool:
    return (
        hasattr(example, attr) and not attr.startswith("_") and not callable(getattr(example, attr))
    )
