"""Does the request get to a model, and a stream back? Redirects, web pages, path, key, status."""

import httpx

from agents_admin.doctor.exchange import Exchange
from agents_admin.doctor.findings import Judgement, failed, ok, warning
from agents_admin.doctor.proxies import find_proxy
from agents_admin.doctor.questions import FIRST, at
from agents_admin.doctor.target import CHAT
from agents_admin.doctor.visit import Visit

LOST = (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED)
REFUSED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


async def any_answer(visit: Visit) -> Judgement:
    exchange = await visit.ask(FIRST)
    if not exchange.status:
        return failed(
            f"POST {visit.target.chat_url}: {exchange.problem}.",
            "Look into the server's log: it took the connection, and no request, or is stuck.",
        )
    return ok(f"POST {visit.target.chat_url} is answered.")


async def redirect(visit: Visit) -> Judgement:
    exchange = await visit.ask(FIRST)
    if not 300 <= exchange.status < 400:
        return ok("The request is not sent elsewhere.")
    there = str(exchange.headers.get("location", "an unknown place"))
    return failed(
        f"{exchange.status}: redirected to {there}.",
        f"Give Simli the address behind it: {there.removesuffix('/').removesuffix(CHAT)}",
    )


async def web_page(visit: Visit) -> Judgement:
    """A tunnel's or a firewall's own page in place of the answer."""
    exchange = await visit.ask(FIRST)
    headers, page = exchange.headers, exchange.body[:20_000].lower()
    code = headers.get("ngrok-error-code") or ("err_ngrok" if b"err_ngrok_" in page else "")
    if code:
        return failed(
            f"ngrok answered with a page of its own ({exchange.status}, {code.upper()}).",
            "If it warns visitors of the free plan, use a paid or reserved domain, or another"
            " tunnel: Simli cannot send `ngrok-skip-browser-warning`. Else start its agent.",
        )
    if "challenge" in headers.get("cf-mitigated", "") or b"challenge-platform" in page:
        return failed(
            f"Cloudflare wants to see whether Simli is human ({exchange.status}).",
            "Make a WAF rule that skips challenges and bot protection for this path.",
        )
    if "html" in exchange.content_type and exchange.status == httpx.codes.OK:
        return failed(
            "The answer is a web page (text/html), and no model's.",
            "Something else is at this address: check host, port and path of the base URL.",
        )
    return ok("No web page stands in the way.")


async def path(visit: Visit) -> Judgement:
    exchange = await visit.ask(FIRST)
    if exchange.status not in LOST or "model" in exchange.reason.lower():
        doubled = await visit.ask_aside(at(f"{visit.target.chat_url}{CHAT}"))
        if doubled.status in LOST:
            return ok("The path is right. Simli appends it: give it the base URL alone.")
        return ok("The path is right, also where it is given to Simli and appended once more.")
    for url in visit.target.other_urls():
        other = await visit.ask_aside(at(url))
        if other.status not in (0, *LOST):
            return failed(
                f"{exchange.status} at {visit.target.chat_url}, but {url} answers.",
                f"Give Simli the base URL {url.removesuffix(CHAT)}",
            )
    return failed(
        f"{exchange.status} at {visit.target.chat_url}, and under no other usual path.",
        f"Give Simli the URL up to, and without, {CHAT}, which it appends.",
    )


async def key(visit: Visit) -> Judgement:
    exchange = await visit.ask(FIRST)
    if exchange.status in REFUSED and not visit.target.key:
        return failed("There is no key to call with.", "Set `session_secret`, or use --key.")
    if exchange.status in REFUSED:
        return failed(
            f"The key is refused ({exchange.said}).",
            "Check the key. A session key of this server needs the same `session_secret` in both"
            " places; another server's key is given with --key.",
        )
    return ok("The key is accepted.")


async def status(visit: Visit) -> Judgement:
    exchange = await visit.ask(FIRST)
    if exchange.status == httpx.codes.OK:
        return ok("200, as it should.")
    return failed(f"{exchange.said}.", _cure(exchange))


def _cure(exchange: Exchange) -> str:
    proxy = find_proxy(exchange.headers)
    match exchange.status:
        case 404:
            return "Name a model that the server has, with --model."
        case 429:
            return "Raise the limit at the model's provider, or wait. Simli asks up to 3 times."
        case 502 | 503 | 504 | 521 | 522 | 523 | 530 if proxy and not exchange.reason:
            return proxy.down
        case code if code >= 500:
            return "Look into the server's log. Simli asks up to 3 times, and then is silent."
    return "Accept the request of Simli: `model`, `messages`, `stream`, `stream_options`."


async def stream(visit: Visit) -> Judgement:
    """Plain JSON raises nothing at Simli, and nothing is spoken."""
    exchange = await visit.ask(FIRST)
    kind = exchange.content_type or "no content type"
    if "json" in kind or isinstance(exchange.json, dict):
        return failed(
            f"Plain JSON ({kind}) although a stream was asked for: the avatar is silent.",
            "When `stream` is true, answer with events (`data: {…}`) as text/event-stream.",
        )
    if not exchange.chunks.payloads:
        return failed(
            f"No server-sent event is in the answer ({kind}).",
            "Send each chunk as `data: {…}` and an empty line.",
        )
    if kind != "text/event-stream":
        return warning(
            f"A stream, but as {kind}: proxies hold that back.",
            "Send it as `content-type: text/event-stream`.",
        )
    return ok("An event stream.")
