import logging
from collections.abc import Collection

import anyio
import httpx2
import pytest

from llm_server import SessionClaims, Settings, create_app
from llm_server.revocations import RevokedIds
from tests.llm_server.fakes import ScriptedBackend
from tests.llm_server.servers import serve
from tests.llm_server.wire import CHAT, MODEL, ask, error_of


class Source:
    """Gives its answers one after the other, and then the last one again and again."""

    def __init__(self, *answers: Collection[str] | Exception) -> None:
        self.answers = list(answers)
        self.asked_again = anyio.Event()
        self.asked = 0

    async def fetch(self) -> Collection[str]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if self.asked > 2:
            self.asked_again.set()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_without_a_source_nothing_is_revoked() -> None:
    revoked = RevokedIds()

    await revoked.refresh(1)

    assert not revoked.is_revoked("a")


async def test_the_last_list_counts() -> None:
    revoked = RevokedIds(Source(["a"], ["b"]))

    await revoked.refresh(1)
    assert revoked.is_revoked("a")
    await revoked.refresh(1)

    assert not revoked.is_revoked("a")
    assert revoked.is_revoked("b")


async def test_a_failing_source_leaves_the_list_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    revoked = RevokedIds(Source(["a"], OSError("s3cret"), OSError("s3cret"), ["b"]))

    for _ in range(3):
        await revoked.refresh(1)

    assert revoked.is_revoked("a")
    assert caplog.messages == ["revocations are not known any more: OSError"]


async def test_a_source_that_works_again_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    revoked = RevokedIds(Source(OSError(), ["b"]))

    await revoked.refresh(1)
    await revoked.refresh(1)

    assert revoked.is_revoked("b")
    assert caplog.messages[-1] == "revocations are known again"


class SilentSource:
    """Never answers."""

    async def fetch(self) -> Collection[str]:
        await anyio.sleep_forever()
        raise AssertionError


async def test_a_source_that_does_not_answer_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    with anyio.fail_after(2):
        await RevokedIds(SilentSource()).refresh(0.01)

    assert caplog.record_tuples[0][1] == logging.ERROR


async def test_a_session_that_was_revoked_meanwhile_is_401(
    settings: Settings, backend: ScriptedBackend, claims: SessionClaims, session_key: str
) -> None:
    settings = settings.model_copy(
        update={"keys": settings.keys.model_copy(update={"revocations_refresh_s": 0.01})}
    )
    source = Source([], [str(claims.session_id)])
    app = create_app(settings, backends={MODEL: backend}, revocations=source)
    headers = {"authorization": f"Bearer {session_key}"}

    async with serve(app) as url, httpx2.AsyncClient(base_url=url, headers=headers) as avatar:
        with anyio.fail_after(5):
            await source.asked_again.wait()
        response = await avatar.post(CHAT, json=ask())

    assert response.status_code == 401
    assert error_of(response)["code"] == "invalid_api_key"
