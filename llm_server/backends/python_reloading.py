"""Load a module anew when its file changes, and keep the old one while the new one is broken."""

import os
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec
from types import ModuleType

from llm_server.backends.python_loading import Unusable, why


class Watched:
    """A module that is loaded anew when its file has changed."""

    def __init__(self, module: ModuleType) -> None:
        spec = module.__spec__
        if spec is None or not isinstance(spec.loader, SourceFileLoader):
            raise Unusable(f"{module.__name__!r} is no Python file, and cannot be loaded anew")
        self._spec = spec
        self._loader = spec.loader
        self._seen = self._stamp()

    def reloaded(self) -> ModuleType | None:
        """The module anew, or None if its file is as it was. Raises Unusable, once a change."""
        stamp = self._stamp()
        if stamp in (None, self._seen):
            return None
        self._seen = stamp
        try:
            return self._load()
        except Exception as exc:
            raise Unusable(f"{self._spec.name!r} cannot be imported: {why(exc)}") from exc

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self._loader.path)
        except OSError:
            return None  # An editor may be writing it anew.
        return status.st_mtime_ns, status.st_size

    def _load(self) -> ModuleType:
        # A module of its own, not importlib.reload: that changes the old one step by step, and
        # leaves it half new when the file is broken.
        module = module_from_spec(self._spec)
        # Compiled here: the cached bytecode counts as fresh for a second after a change.
        source = self._loader.get_data(self._loader.path)
        exec(self._loader.source_to_code(source, self._loader.path), module.__dict__)
        sys.modules[module.__name__] = module
        return module
