"""POST …/chat/completions."""

from contextlib import aclosing
from time import perf_counter

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from llm_server.answers import Answer, Answers
from llm_server.disconnect import unless_gone
from llm_server.errors import ApiError, UnsupportedMediaType
from llm_server.keys import Caller, Keyring
from llm_server.limits import check_length, check_messages, read_body
from llm_server.protocol import ChatRequest, parse_request
from llm_server.responses import error_response
from llm_server.settings import Settings
from llm_server.streaming import Reply
from llm_server.turns import TurnSink


class ChatCompletions:
    """A bare ASGI app: it is the one path where microseconds count."""

    def __init__(
        self, settings: Settings, keyring: Keyring, answers: Answers, turn_sink: TurnSink
    ) -> None:
        self._settings = settings
        self._keyring = keyring
        self._answers = answers
        self._turn_sink = turn_sink

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        request = Request(scope, receive)
        try:
            caller = self._keyring.identify(request.headers.get("authorization"))
            caller.require("chat")
            answer = await self._understand(request, caller, began)
            await self._send(answer, receive, send)
        except ApiError as exc:
            await error_response(exc)(scope, receive, send)
        except ClientDisconnect:
            pass  # Nobody is left to be told.

    async def _understand(self, request: Request, caller: Caller, began: float) -> Answer:
        try:
            chat = await self._read(request, caller)
        except ApiError as exc:
            if caller.session is None:
                raise
            return self._answers.apology(exc, caller.session, caller, began)
        return self._answers.to(chat, caller, began)

    async def _send(self, answer: Answer, receive: Receive, send: Send) -> None:
        turn = answer.turn
        reply = Reply(send, answer, self._settings)
        every_s = self._settings.lifetime.ping_s
        try:
            async with aclosing(reply):
                with answer.slot:
                    await unless_gone(
                        receive, reply.send(), meanwhile=reply.keep_alive, every_s=every_s
                    )
                await reply.collect_usage()
        except ClientDisconnect:
            raise  # The turn stays a cancelled one.
        except Exception as exc:
            turn.fail(exc.kind if isinstance(exc, ApiError) else ApiError.type)
            if isinstance(exc, ApiError):
                exc.headers = {**exc.headers, "x-request-id": turn.request_id}
            raise
        finally:
            answer.record(self._turn_sink)

    async def _read(self, request: Request, caller: Caller) -> ChatRequest:
        if "json" not in request.headers.get("content-type", "application/json").lower():
            raise UnsupportedMediaType("Send the request as 'content-type: application/json'.")
        limits = self._settings.limits
        check_length(request.headers.get("content-length"), limits)
        body = await read_body(request.receive, limits)
        chat = parse_request(body, caller.session, request.headers)
        check_messages(chat, limits)
        return chat
