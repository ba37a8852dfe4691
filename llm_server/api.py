"""The endpoints: chat completions under every path callers make of a base URL, and models."""

import time
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from llm_server.answers import Answers
from llm_server.chat import ChatCompletions
from llm_server.errors import model_not_found
from llm_server.keys import Caller, Keyring
from llm_server.protocol import model_list, model_object
from llm_server.responses import json_response
from llm_server.routing.router import Router
from llm_server.settings import Settings

# Simli appends /chat/completions to whatever base URL it was given, with or without a version,
# and also to one that already ends in it.
BASES = ("", "/v1")
CHAT_PATHS = [
    f"{base}/chat/completions{suffix}" for base in BASES for suffix in ("", "/chat/completions")
]


@dataclass(frozen=True, slots=True)
class Server:
    """What the endpoints need. Made by create_app."""

    settings: Settings
    router: Router
    answers: Answers
    keyring: Keyring
    chat: ChatCompletions
    started_at: int = field(default_factory=lambda: int(time.time()))


def routes(server: Server) -> list[Route]:
    """All endpoints of the streaming server."""

    def identify(request: Request) -> Caller:
        caller = server.keyring.identify(request.headers.get("authorization"))
        caller.require("models")
        return caller

    def visible(caller: Caller) -> list[str]:
        return [caller.session.model] if caller.session else server.router.models

    async def list_models(request: Request) -> Response:
        return json_response(model_list(visible(identify(request)), server.started_at))

    async def show_model(request: Request) -> Response:
        name, names = request.path_params["model"], visible(identify(request))
        if name not in names:
            raise model_not_found(name, names)
        return json_response(model_object(name, server.started_at))

    async def show_health(request: Request) -> Response:
        return json_response({"status": "ok"})

    return [
        *(Route(path, server.chat, methods=["POST"]) for path in CHAT_PATHS),
        *(Route(f"{base}/models", list_models) for base in BASES),
        *(Route(f"{base}/models/{{model:path}}", show_model) for base in BASES),
        Route("/healthz", show_health),
    ]
