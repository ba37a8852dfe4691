"""The fixture `simli_simulator`, for every project that has this distribution installed.

pytest imports this module in every run of theirs, so it imports nothing before it is used.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from agents_admin.testing import SimliSimulator


@pytest.fixture
def simli_simulator() -> "Iterator[SimliSimulator]":
    """A local Simli on a free loopback port, for sync and async tests."""
    from agents_admin.testing import serve_simli_simulator

    with serve_simli_simulator() as simli:
        yield simli
