"""What operators ask: is it alive, may it get requests, how is it doing."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from llm_server.api import Server
from llm_server.metrics import Metrics
from llm_server.prometheus import CONTENT_TYPE, text
from llm_server.responses import json_response


def probe_routes(server: Server, metrics: Metrics) -> list[Route]:
    """GET /readyz and GET /metrics."""

    async def show_readiness(request: Request) -> Response:
        status = _status(request)
        # A backend that is down makes no server unready: its fallbacks answer.
        breakers = server.router.breakers
        body = {
            "status": status,
            "models": [*breakers],
            "backends": {model: {"breaker": state} for model, state in breakers.items()},
        }
        return json_response(body, 200 if status == "ready" else 503)

    async def show_metrics(request: Request) -> Response:
        if not server.settings.metrics.public:
            caller = server.keyring.identify(request.headers.get("authorization"))
            caller.require("metrics")
        return Response(text(metrics.families()), media_type=CONTENT_TYPE)

    return [Route("/readyz", show_readiness), Route("/metrics", show_metrics)]


def _status(request: Request) -> Literal["ready", "starting", "draining"]:
    if request.scope.get("state", {}).get("draining"):
        return "draining"
    return "ready" if getattr(request.app.state, "ready", False) else "starting"
