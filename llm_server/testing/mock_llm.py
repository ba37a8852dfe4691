"""A scripted model on a loopback port, for tests of whatever calls a model."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from anyio.from_thread import start_blocking_portal

from llm_server.backends.mock.options import FaultName, MockOptions
from llm_server.backends.mock.plan import Planner
from llm_server.errors import ApiError, NotFound
from llm_server.protocol import model_list, parse_request
from llm_server.testing.received import ReceivedRequest
from llm_server.testing.server import listen
from llm_server.testing.wire import WireAnswer, answer, json_answer

Json = dict[str, Any]


class MockLLM:
    """An OpenAI-compatible upstream that says what the test tells it to.

    Point any client at `base_url`. `requests` are those for completions, in their order.
    """

    model = "mock"
    api_key = "sk-mock"
    """Any other key will do, too."""

    def __init__(self) -> None:
        self.base_url = ""
        self.requests: list[ReceivedRequest] = []
        self.script()

    def script(self, **options: Any) -> None:
        """Begin anew with these options of the backend `mock`, instead of all set before."""
        self._given = options
        self._planner = Planner(MockOptions.model_validate(options))

    def reply(
        self, text: str = "", *, tool_calls: Sequence[Json] = (), then: str | Json | None = None
    ) -> None:
        """Answer every request with this text, these `{name, arguments}`, or both.

        `then` is said when the results of the tool calls are there.
        """
        said = {"text": text, "tool_calls": list(tool_calls), "then": then}
        self._change(reply=said, replies=[])

    def replies(self, replies: Sequence[str | Json]) -> None:
        """Answer each turn of a conversation with the next of these."""
        self._change(replies=list(replies))

    def rule(self, when: str, reply: str | Json) -> None:
        """Answer who says something that matches this regular expression."""
        self._change(rules=[*self._given.get("rules", ()), {"when": when, "reply": reply}])

    def latency(
        self,
        first_token_s: float | dict[str, float] = 0,
        token_s: float | dict[str, float] = 0,
        seed: int | None = None,
    ) -> None:
        """Take this long: seconds, or percentiles such as `{"p50": 0.2, "p99": 1.2}`."""
        self._change(first_token_s=first_token_s, token_s=token_s, seed=seed)

    def fault(self, name: FaultName | None, **details: float) -> None:
        """Break in this way from now on: `fault("cut", after=3)`, `fault("500", times=2)`.

        The details are the options of the backend's faults. `None` mends it.
        """
        self._change(fault=name and {"name": name, **details})

    def _change(self, **options: Any) -> None:
        self.script(**{**self._given, **options})

    def respond(self, request: ReceivedRequest) -> WireAnswer:
        """Answer one request."""
        try:
            return self._respond(request)
        except ApiError as exc:
            return json_answer(exc.status, exc.envelope(), exc.headers)

    def _respond(self, request: ReceivedRequest) -> WireAnswer:
        if request.method == "GET" and request.path.endswith("/models"):
            return json_answer(200, model_list([self.model], created=0))
        if not request.path.endswith("/chat/completions"):
            raise NotFound(f"There is nothing at {request.method} {request.path}.")
        self.requests.append(request)
        chat = parse_request(request.content, headers=request.headers)
        return answer(self._planner.plan(chat), chat)


@contextmanager
def serve_mock_llm() -> Iterator[MockLLM]:
    """Serve a mock in a thread with a loop of its own, so that sync tests can call it, too."""
    mock = MockLLM()
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(listen(mock.respond)) as port,
    ):
        mock.base_url = f"http://127.0.0.1:{port}/v1"
        yield mock
