"""Simli's REST API as far as the client uses it: it notes what it was asked, and says as told."""

import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx

SIMLI_KEY = "simli-key-1234567890"
STARTED = {"sessionId": "simli-session-1", "roomUrl": "https://simli.example/room"}

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class FakeSimli:
    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.start: Answer = httpx.Response(200, json=STARTED)
        self.transcript: Answer = httpx.Response(404, json={"detail": "Not Found"})
        self._asked = anyio.Event()
        self._go_on: anyio.Event | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self._asked.set()
        if self._go_on:
            await self._go_on.wait()
        answer = self.start if request.method == "POST" else self.transcript
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    async def sleep(self, seconds: float) -> None:
        """What the client waits with between two requests: it takes no time."""

    def hold(self) -> tuple[anyio.Event, anyio.Event]:
        """Answer nothing until the second event; the first one tells that a request is here."""
        self._asked, self._go_on = anyio.Event(), anyio.Event()
        return self._asked, self._go_on

    @property
    def sent(self) -> dict[str, Any]:
        """The body of the last request."""
        body: dict[str, Any] = json.loads(self.requests[-1].content)
        return body
