"""What backends are installed, and which options they take."""

import json
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from llm_server.backends.registry import GROUP, Unloadable, load_backend_type


@dataclass(frozen=True, slots=True)
class Option:
    """One key of `models.<name>.options`."""

    name: str
    type: str
    """`string`, `number`, `list of string`, …"""
    default: str | None
    """As JSON; None when it has to be given."""
    description: str | None


@dataclass(frozen=True, slots=True)
class InstalledBackend:
    """What `models.<name>.backend` can be."""

    name: str
    distribution: str | None
    """Name and version of what brought it."""
    options: list[Option]
    error: str | None = None
    """Why it cannot be used; then its options are not known."""


def installed_backends() -> list[InstalledBackend]:
    """All backends, by name; also those that cannot be loaded."""
    found = sorted(entry_points(group=GROUP), key=lambda entry_point: entry_point.name)
    return [_installed(entry_point) for entry_point in found]


def _installed(entry_point: EntryPoint) -> InstalledBackend:
    dist = entry_point.dist
    distribution = f"{dist.name} {dist.version}" if dist else None
    try:
        options = _options(load_backend_type(entry_point).Options)
    except Unloadable as exc:
        return InstalledBackend(entry_point.name, distribution, [], str(exc))
    except Exception as exc:  # Anything may be at the end of an entry point.
        problem = f"its options cannot be told: {type(exc).__name__}"
        return InstalledBackend(entry_point.name, distribution, [], problem)
    return InstalledBackend(entry_point.name, distribution, options)


def _options(model: type[BaseModel]) -> list[Option]:
    schema = model.model_json_schema()
    return [
        Option(name, _type(schema["properties"][name], schema), _default(field), field.description)
        for name, field in model.model_fields.items()
    ]


def _default(field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    if field.default_factory in (list, dict):
        return "[]" if field.default_factory is list else "{}"
    if field.default_factory:
        # It may read a secret from the environment.
        return "computed"
    default = field.default
    if isinstance(default, BaseModel):
        default = default.model_dump(exclude_defaults=True)
    return json.dumps(default, ensure_ascii=False, default=str)


def _type(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """What JSON schema says, in words."""
    match schema:
        case {"$ref": str(reference)}:
            return _type(root["$defs"][reference.rpartition("/")[2]], root)
        case {"anyOf": list(kinds)}:
            return " or ".join(_type(kind, root) for kind in kinds if kind != {"type": "null"})
        case {"type": "array", "items": dict(items)}:
            return f"list of {_type(items, root)}"
        case {"enum": list(values)}:
            return " or ".join(map(str, values))
        case {"type": "object"}:
            return "mapping"
        case _:
            return str(schema.get("type", "anything"))
