"""Can Simli get there at all? Name, address, connection."""

import time
from ipaddress import ip_address

import anyio

from agents_admin.doctor.findings import Judgement, failed, ok, warning
from agents_admin.doctor.visit import Visit

CONNECT_S = 5

TUNNEL = (
    "Simli calls over the internet. Give the server a public address; while you develop, a tunnel"
    " will do: cloudflared, ngrok or Tailscale Funnel."
)


async def name(visit: Visit) -> Judgement:
    host = visit.target.host
    if _is_address(host):
        visit.addresses = [host]
        return ok(f"{host} is an address, and needs no look-up.")
    try:
        with anyio.fail_after(CONNECT_S):
            visit.addresses = await visit.resolve(host, visit.target.port)
    except (OSError, TimeoutError):
        return failed(
            f"{host} has no address.",
            "Check the spelling, and the DNS record; a tunnel's name ends with the tunnel.",
        )
    return ok(f"{host} is {', '.join(visit.addresses)}.")


def is_inside(host: str) -> bool:
    """Whether only this machine or its network knows the host, as far as its spelling tells."""
    if _is_address(host):
        return not ip_address(host).is_global
    return host == "localhost" or host.endswith((".localhost", ".local", ".internal", ".lan"))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def public_address(visit: Visit) -> Judgement:
    inside = [address for address in visit.addresses if is_inside(address)]
    if not inside:
        return ok("The address can be reached over the internet.")
    kind = "this machine" if ip_address(inside[0]).is_loopback else "a private network"
    what = f"{inside[0]} is known only to {kind}, and not to Simli."
    if len(inside) < len(visit.addresses):
        return warning(what, "Take this address out of the name's DNS records.")
    return failed(what, TUNNEL)


async def connection(visit: Visit) -> Judgement:
    """Each address: Simli may take any of them."""
    taken_s: dict[str, float] = {}
    refused: dict[str, str] = {}

    async def connect(address: str) -> None:
        began = time.perf_counter()
        try:
            with anyio.fail_after(CONNECT_S):
                await (await anyio.connect_tcp(address, visit.target.port)).aclose()
            taken_s[address] = time.perf_counter() - began
        except TimeoutError:
            refused[address] = f"does not answer within {CONNECT_S} s"
        except OSError:
            refused[address] = "refuses the connection"

    async with anyio.create_task_group() as tasks:
        for address in visit.addresses:
            tasks.start_soon(connect, address)
    return _connected(visit, taken_s, refused)


def _connected(visit: Visit, taken_s: dict[str, float], refused: dict[str, str]) -> Judgement:
    port = visit.target.port
    what = ", ".join(f"{address} {how}" for address, how in refused.items())
    if not taken_s:
        silent = any("answer" in how for how in refused.values())
        firewall = "Open the port in the firewall, and check the address."
        down = "Start the server or the tunnel, and check the port."
        return failed(f"Port {port}: {what}.", firewall if silent else down)
    if refused:
        return warning(
            f"Port {port}: {what}.",
            "Serve on this address too, or take it out of DNS: Simli may try it first.",
        )
    return ok(f"Port {port} is open, after {1000 * min(taken_s.values()):.0f} ms.")
