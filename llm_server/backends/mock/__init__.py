"""A backend with scripted answers: for tests, for demonstrations, and as a last fallback."""

from llm_server.backends.mock.backend import MockBackend
from llm_server.backends.mock.options import MockOptions

__all__ = ["MockBackend", "MockOptions"]
