"""The words in which Simli's second service refuses: `{"error": …}`.

The first is a FastAPI app, as this is, and says `{"detail": …}` with FastAPI's own words.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute


class ServiceRefused(Exception):
    """Answered with the status and `{"error": message}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ServiceRoute(APIRoute):
    """A route of the second service: what FastAPI would call 422 is its 400."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as exc:
                raise ServiceRefused(400, _describe(exc)) from exc

        return answer


def _describe(exc: RequestValidationError) -> str:
    faults = [f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in exc.errors()]
    return f"Invalid input: {'; '.join(faults)}"
