from pathlib import Path

import pytest
from pydantic import SecretStr

from llm_server import InvalidSettings, Settings, create_app
from llm_server.backends.base import Backend
from llm_server.backends.mock import MockBackend
from llm_server.backends.registry import make_backend
from llm_server.model_settings import ModelSettings
from tests.llm_server.servers import serve
from tests.llm_server.wire import API_KEY, caller, completion

BACKEND = """
from pydantic import BaseModel
from llm_server.events import Finish, text_delta


class EchoBackend:
    class Options(BaseModel):
        prefix: str = ""

    def __init__(self, options):
        self.prefix = options.prefix

    async def stream(self, request):
        yield text_delta(self.prefix + request.user_text)
        yield Finish()

    async def aclose(self):
        pass
"""


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another distribution with a backend, as pip would install it."""
    metadata = tmp_path / "echo_backend-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: echo-backend\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[llm_server.backends]\necho = echo_backend:EchoBackend\nbroken = no_such_module:X\n"
    )
    (tmp_path / "echo_backend.py").write_text(BACKEND)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_our_own_backends_are_found_as_all_others_are() -> None:
    backend: Backend = make_backend("anna", ModelSettings(backend="mock"))

    assert isinstance(backend, MockBackend)


@pytest.mark.usefixtures("distribution")
async def test_a_backend_of_another_distribution_answers() -> None:
    models = {"anna": ModelSettings(backend="echo", options={"prefix": "You said: "})}
    app = create_app(Settings(api_keys=[SecretStr(API_KEY)], models=models))

    async with serve(app) as url, caller(url, API_KEY) as client:
        answer = await completion(client, model="anna")

    assert answer.choices[0].message.content == "You said: Hi!"


@pytest.mark.usefixtures("distribution")
def test_a_backend_that_cannot_be_loaded_is_named() -> None:
    with pytest.raises(InvalidSettings, match=r"models\.anna\.backend: 'broken' cannot be loaded"):
        make_backend("anna", ModelSettings(backend="broken"))
