"""Simli's stored agents: it keeps what it is sent, and notes what it was asked to change."""

import json
from typing import Any

import httpx

Json = dict[str, Any]


class StoredAgents:
    def __init__(self) -> None:
        self.agents: dict[str, Json] = {}
        self.changes: list[tuple[str, Json]] = []
        """Method and body."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=[*self.agents.values()])
        body = json.loads(request.content)
        self.changes.append((request.method, body))
        if request.method == "POST":
            agent_id = f"simli-{len(self.agents) + 1}"
            self.agents[agent_id] = body | {"id": agent_id}
            return httpx.Response(201, json=self.agents[agent_id])
        self.agents[request.url.path.rpartition("/")[2]] |= body
        return httpx.Response(200)
