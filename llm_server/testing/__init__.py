"""For tests of what calls a model: the mock as a real upstream on a loopback port."""

from llm_server.testing.mock_llm import MockLLM, serve_mock_llm
from llm_server.testing.received import ReceivedRequest

__all__ = ["MockLLM", "ReceivedRequest", "serve_mock_llm"]
