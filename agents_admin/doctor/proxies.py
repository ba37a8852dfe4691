"""What stands between Simli and the server, and which of its settings holds a stream back."""

from dataclasses import dataclass

import httpx


@dataclass(frozen=True, slots=True)
class Proxy:
    name: str
    marks: tuple[tuple[str, str], ...]
    """Headers, and what is in them, one of which gives it away."""
    streaming: str
    """What lets streams through."""
    down: str
    """What an error of its own means."""

    def sent(self, headers: httpx.Headers) -> bool:
        return any(name in headers and value in headers[name].lower() for name, value in self.marks)


SERVER_DOWN = "Start the server behind it, and check the address that it passes requests on to."

# The order matters: what is nearer to the caller comes first.
PROXIES = [
    Proxy(
        "ngrok",
        (("ngrok-error-code", ""), ("ngrok-agent-ips", ""), ("ngrok-trace-id", "")),
        "Take `compress-response` out of ngrok's traffic policy.",
        "Start the ngrok agent, and the server behind it, on the port that ngrok was told.",
    ),
    Proxy(
        "Cloudflare",
        (("cf-ray", ""), ("cf-mitigated", ""), ("server", "cloudflare")),
        "Quick tunnels (trycloudflare.com) pass no event streams: use a named tunnel. Else send"
        " `cache-control: no-transform`, and turn off response buffering for this path.",
        "Start cloudflared and the server behind it.",
    ),
    Proxy(
        "Amazon API Gateway",
        (("apigw-requestid", ""), ("x-amz-apigw-id", "")),
        "Turn on response streaming, or put a load balancer in its place.",
        SERVER_DOWN,
    ),
    Proxy(
        "nginx",
        (("server", "nginx"), ("server", "openresty")),
        "Set `proxy_buffering off; proxy_http_version 1.1; gzip off;` for this location.",
        "Start the server behind nginx, and check its `proxy_pass`.",
    ),
    Proxy(
        "Caddy",
        (("server", "caddy"), ("via", "caddy")),
        "Set `flush_interval -1` in `reverse_proxy`, and do not `encode` event streams.",
        SERVER_DOWN,
    ),
    Proxy(
        "Apache",
        (("server", "apache"),),
        "Set `flushpackets=on` on the ProxyPass, and no DEFLATE for event streams.",
        SERVER_DOWN,
    ),
]


def find_proxy(headers: httpx.Headers) -> Proxy | None:
    return next((proxy for proxy in PROXIES if proxy.sent(headers)), None)
