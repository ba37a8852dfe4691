"""Find backends by name. Ours and those of other distributions come in by the same door."""

from importlib.metadata import entry_points

from pydantic import ValidationError

from llm_server.backends.base import Backend, BackendType
from llm_server.settings import ModelSettings
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
    return backend_type(options)


def _find(name: str, backend: str) -> BackendType:
    found = entry_points(group=GROUP)
    if backend not in found.names:
        known = ", ".join(sorted(found.names))
        raise InvalidSettings(
            [f"models.{name}.backend: there is no backend {backend!r} (installed: {known})"]
        )
    try:
        loaded: BackendType = found[backend].load()
    except Exception as exc:  # Anything may happen while foreign code is imported.
        raise InvalidSettings(
            [f"models.{name}.backend: {backend!r} cannot be loaded: {exc!r}"]
        ) from exc
    return loaded
