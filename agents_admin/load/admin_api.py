"""The two calls to a server's admin API that starting conversations needs."""

from typing import Any
from uuid import UUID

import httpx

START_S = 60


class AdminRefused(Exception):
    """The server did not do it; the message says why."""


class AdminApi:
    def __init__(self, http: httpx.AsyncClient) -> None:
        """Take a client with the server's URL and an admin key; `admin_client` makes one."""
        self._http = http

    async def find_agent(self, wanted: str) -> str:
        """Return the id of an agent that is known by id or name. Raises AdminRefused."""
        try:
            return str(UUID(wanted))
        except ValueError:
            pass
        cursor: dict[str, str] = {}
        while True:
            page = await self._call("GET", "/agents", params={"limit": "200", **cursor})
            for agent in page["items"]:
                if agent["name"] == wanted:
                    return str(agent["id"])
            if page["next_cursor"] is None:
                raise AdminRefused(f"The server has no agent {wanted!r}.")
            cursor = {"cursor": page["next_cursor"]}

    async def start_session(self, agent_id: str) -> str:
        """Return Simli's id of the new session. Raises AdminRefused."""
        session = await self._call("POST", f"/agents/{agent_id}/sessions")
        return str(session["simli_session_id"])

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = await self._http.request(method, path, **options)
            content: dict[str, Any] = response.json()
        except httpx.RequestError as exc:
            raise AdminRefused(f"The server cannot be reached ({type(exc).__name__}).") from exc
        except ValueError as exc:
            raise AdminRefused(f"{response.status_code}: this is no admin API.") from exc
        if not response.is_success:
            raise AdminRefused(f"{response.status_code}: {content.get('detail')}")
        return content


def admin_client(server: str, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"{server.rstrip('/')}/admin/v1",
        headers={"authorization": f"Bearer {key}"},
        timeout=START_S,
        limits=httpx.Limits(max_connections=None),
    )
