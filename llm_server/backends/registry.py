"""Find backends by name. Ours and those of other distributions come in by the same door."""

from importlib.metadata import EntryPoint, entry_points

from pydantic import ValidationError

from llm_server.backends.base import Backend, BackendType, InvalidOption, MissingExtra
from llm_server.model_settings import ModelSettings
from llm_server.settings_problems import InvalidSettings, describe

GROUP = "llm_server.backends"


def make_backend(name: str, model: ModelSettings) -> Backend:
    """Make the backend of one model. Raises InvalidSettings, naming the wrong key by its path."""
    backend_type = _find(name, model.backend)
    path = f"models.{name}.options"
    try:
        options = backend_type.Options.model_validate(model.options)
    except ValidationError as exc:
        raise InvalidSettings(describe(exc, backend_type.Options, path)) from exc
    try:
        return backend_type(options)
    except InvalidOption as exc:
        raise InvalidSettings([f"{path}.{exc}"]) from exc


def _find(name: str, backend: str) -> BackendType:
    found = entry_points(group=GROUP)
    if backend not in found.names:
        known = ", ".join(sorted(found.names))
        raise InvalidSettings(
            [f"models.{name}.backend: there is no backend {backend!r} (installed: {known})"]
        )
    try:
        return load_backend_type(found[backend])
    except Unloadable as exc:
        raise InvalidSettings([f"models.{name}.backend: {backend!r} {exc}"]) from exc


class Unloadable(Exception):
    """The entry point of a backend leads nowhere. The message says why."""


def load_backend_type(entry_point: EntryPoint) -> BackendType:
    try:
        loaded: BackendType = entry_point.load()
    except MissingExtra as exc:
        raise Unloadable(f"cannot be used: {exc}") from exc
    except Exception as exc:  # Anything may happen while foreign code is imported.
        raise Unloadable(f"cannot be loaded: {exc!r}") from exc
    return loaded
