"""Ask a custom LLM what Simli would ask it. Each question is asked once, whoever wants to know."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import httpx

from agents_admin.doctor.exchange import ANSWER_S, Exchange
from agents_admin.doctor.questions import Json, Question
from agents_admin.doctor.target import Target

Resolver = Callable[[str, int], Awaitable[list[str]]]

# The SDK that Simli's pipeline is built on waits 5 s for a connection. It would wait 600 s for the
# next byte; no visitor does.
TIMEOUT = httpx.Timeout(15, connect=5)


class Visit:
    """One examination of one target."""

    def __init__(
        self,
        target: Target,
        resolve: Resolver,
        trust: ssl.SSLContext,
        *,
        conversing: httpx.AsyncClient,
        aside: httpx.AsyncClient,
    ) -> None:
        self.target = target
        self.trust = trust
        self.resolve = resolve
        self.addresses: list[str] = []
        self._conversing = conversing
        self._aside = aside
        self._exchanges: dict[Question, Exchange] = {}
        self._kept: object = None

    async def ask(self, question: Question) -> Exchange:
        """The next turn of the conversation. What was asked before has its answer already."""
        if question not in self._exchanges:
            exchange = await self._ask(self._conversing, question)
            if self._kept:
                exchange.reused = exchange.connection == self._kept
            self._kept = exchange.connection if exchange.whole else None
            self._exchanges[question] = exchange
        return self._exchanges[question]

    async def ask_aside(self, question: Question) -> Exchange:
        """Ask outside of the conversation, on a connection of its own."""
        return await self._ask(self._aside, question)

    @property
    def turns(self) -> list[Exchange]:
        """The conversation so far."""
        return list(self._exchanges.values())

    async def _ask(self, http: httpx.AsyncClient, question: Question) -> Exchange:
        exchange = Exchange()
        try:
            with anyio.fail_after(ANSWER_S):
                async with http.stream("POST", **self._request(question)) as response:
                    await exchange.take(response, question.enough)
        except (httpx.RequestError, TimeoutError) as exc:
            # Without the message, which may quote a header.
            exchange.problem = _why(exc, begun=bool(exchange.status))
        return exchange

    def _request(self, question: Question) -> Json:
        key = self.target.key if question.key is None else question.key
        return {
            "url": question.url or self.target.chat_url,
            "headers": {"authorization": f"Bearer {key}".encode()} if key else {},
            "json": {
                "model": self.target.model,
                "messages": list(question.messages),
                **question.members,
            },
        }


def _why(exc: Exception, *, begun: bool) -> str:
    match exc:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return "no connection"
        case httpx.ReadTimeout() | TimeoutError():
            return "the answer stopped" if begun else f"no answer within {TIMEOUT.read:g} s"
        case httpx.RemoteProtocolError() | httpx.ReadError():
            return "the answer broke off" if begun else "the connection was closed, unanswered"
    return f"the request failed ({type(exc).__name__})"


async def resolve_name(host: str, port: int) -> list[str]:
    """The addresses of a name, as this machine is told them. Raises OSError."""
    found = await anyio.getaddrinfo(host, port, type=1)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def public_trust() -> ssl.SSLContext:
    """What the world trusts, and not what this machine was told to trust besides."""
    return httpx.create_ssl_context(trust_env=False)


@asynccontextmanager
async def visiting(
    target: Target, resolve: Resolver, trust: ssl.SSLContext | None = None
) -> AsyncIterator[Visit]:
    """`resolve` and `trust` are for tests: names and certificates of their own."""
    trust = trust or public_trust()
    async with _client(trust) as conversing, _client(trust) as aside:
        yield Visit(target, resolve, trust, conversing=conversing, aside=aside)


def _client(trust: ssl.SSLContext) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        verify=trust,
        timeout=TIMEOUT,
        # No proxy of this machine: Simli does not come through it.
        trust_env=False,
        # One turn after the other, on one connection if it is kept.
        limits=httpx.Limits(max_connections=1, keepalive_expiry=60),
        headers={"accept": "application/json", "user-agent": "AsyncOpenAI/Python simli-llm-doctor"},
    )
