"""A Simli that gives the answers of a list, one after the other, and the last one from then on."""

import json
from typing import Any

import httpx

SIMLI_KEY = "simli-key-1234567890"
STARTED = {"sessionId": "simli-session-1", "roomUrl": "https://simli.example/room"}


class ScriptedSimli:
    def __init__(self) -> None:
        self.answers: list[httpx.Response | Exception] = [httpx.Response(200, json=STARTED)]
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        """Between two requests, in seconds."""

    def will(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]
