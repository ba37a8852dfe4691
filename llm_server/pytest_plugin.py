"""The fixture `mock_llm`, for every project that has this distribution installed.

pytest imports this module in every run of theirs, so it imports nothing before it is used.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from llm_server.testing import MockLLM


@pytest.fixture
def mock_llm() -> "Iterator[MockLLM]":
    """A scripted, OpenAI-compatible model on a free loopback port, for sync and async tests."""
    from llm_server.testing import serve_mock_llm

    with serve_mock_llm() as mock:
        yield mock
