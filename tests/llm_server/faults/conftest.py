from collections.abc import Iterator

import pytest

from llm_server import Settings
from llm_server.testing import MockLLM, serve_mock_llm
from tests.llm_server.fakes import ListSink
from tests.llm_server.faults.cases import ANSWER
from tests.llm_server.faults.stage import Stage
from tests.llm_server.wire import API_KEY


@pytest.fixture
def spare_llm() -> Iterator[MockLLM]:
    with serve_mock_llm() as mock:
        yield mock


@pytest.fixture
def stage(
    settings: Settings, sink: ListSink, mock_llm: MockLLM, spare_llm: MockLLM, key: str
) -> Stage:
    mock_llm.reply(ANSWER)
    spare_llm.reply(ANSWER)
    return Stage(settings, sink, primary=mock_llm, spare=spare_llm, key=key)


@pytest.fixture(params=["service", "session"])
def key(request: pytest.FixtureRequest, session_key: str) -> str:
    """Both kinds of callers: a plain one, and an avatar."""
    return API_KEY if request.param == "service" else session_key
