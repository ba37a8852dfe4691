"""What operators ask: is it alive, may it get requests, how is it doing."""

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
        models = server.router.models
        if request.scope.get("state", {}).get("draining"):
            return json_response({"status": "draining", "models": models}, 503)
        if not getattr(request.app.state, "ready", False):
            return json_response({"status": "starting", "models": models}, 503)
        return json_response({"status": "ready", "models": models})

    async def show_metrics(request: Request) -> Response:
        if not server.settings.metrics.public:
            caller = server.keyring.identify(request.headers.get("authorization"))
            caller.require("metrics")
        return Response(text(metrics.families()), media_type=CONTENT_TYPE)

    return [Route("/readyz", show_readiness), Route("/metrics", show_metrics)]
