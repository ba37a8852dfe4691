"""A server between two upstreams that can break, all on sockets, and a caller who looks closely."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from llm_server import Settings, Turn, create_app
from llm_server.model_settings import ModelSettings
from llm_server.testing import MockLLM
from llm_server.voice.policy import VoiceSettings
from tests.llm_server.fakes import ListSink
from tests.llm_server.faults.cases import SPARE
from tests.llm_server.servers import serve
from tests.llm_server.wire import CHAT, MODEL, Json, ask, payloads

# Both kinds of callers are on the stage, one after the other, where a test says nothing.
plain_callers = pytest.mark.parametrize("key", ["service"], indirect=True)
avatars = pytest.mark.parametrize("key", ["session"], indirect=True)

# Long enough for a busy machine to miss none of them; a case shortens what it is about.
UNHURRIED: Json = {"first_content_s": 8, "stall_s": 8}

PATIENT = VoiceSettings(filler_after_s=None, give_up_s=8)


@dataclass(frozen=True, slots=True)
class Stream:
    """One streamed answer, taken apart. Making it checks what must hold for every stream."""

    chunks: list[Json]
    done: bool

    @classmethod
    def of(cls, response: httpx2.Response) -> "Stream":
        assert response.status_code == 200
        data = payloads(response)
        done = data[-1] == "[DONE]"
        stream = cls(data[:-1] if done else data, done)
        stream.check()
        return stream

    def check(self) -> None:
        assert len({chunk["id"] for chunk in self.chunks}) == 1
        roles = ["role" in choice["delta"] for choice in self.choices]
        assert roles == [True] + [False] * (len(roles) - 1)
        reasons = [choice["finish_reason"] for choice in self.choices]
        assert [bool(reason) for reason in reasons] == [False] * (len(reasons) - 1) + [True]

    @property
    def choices(self) -> list[Any]:
        return [choice for chunk in self.chunks for choice in chunk["choices"]]

    @property
    def text(self) -> str:
        return "".join(choice["delta"].get("content") or "" for choice in self.choices)

    @property
    def models(self) -> list[str]:
        """Who answered, in the order of the first chunks."""
        return list(dict.fromkeys(chunk["model"] for chunk in self.chunks))

    @property
    def usage(self) -> Json:
        last = self.chunks[-1]
        assert last["choices"] == []
        usage: Json = last["usage"]
        return usage


@dataclass(slots=True)
class Stage:
    """Two upstreams that have the same answer, the server, and the turns that it records."""

    settings: Settings
    sink: ListSink
    primary: MockLLM
    spare: MockLLM
    key: str
    url: str = field(default="", init=False)

    @asynccontextmanager
    async def serving(
        self,
        limits: Json | None = None,
        *,
        spare: Json | None = None,
        fallbacks: tuple[str, ...] = (SPARE,),
        voice: VoiceSettings = PATIENT,
    ) -> AsyncIterator["Stage"]:
        """`limits` and `spare` are settings of the two models."""
        models = {
            MODEL: _relay(self.primary, **UNHURRIED | (limits or {}), fallbacks=list(fallbacks)),
            SPARE: _relay(self.spare, **(spare or {})),
        }
        changed = {"models": models, "voices": {"default": voice}}
        async with serve(create_app(self.settings.model_copy(update=changed), self.sink)) as url:
            self.url = url
            yield self

    async def post(self, **members: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.key}"}
        async with httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=15) as http:
            return await http.post(CHAT, json=ask(**members))

    async def stream(self) -> Stream:
        options = {"include_usage": True}
        return Stream.of(await self.post(stream=True, stream_options=options))

    @property
    def asked(self) -> tuple[int, int]:
        return len(self.primary.requests), len(self.spare.requests)


def attempts_of(turn: Turn) -> list[tuple[str, str]]:
    return [(attempt.model, attempt.outcome) for attempt in turn.attempts]


def _relay(upstream: MockLLM, **settings: Any) -> ModelSettings:
    options = {"base_url": upstream.base_url, "api_key": upstream.api_key}
    return ModelSettings(backend="openai", options=options, **settings)
