"""Measure relays side by side: `python -m tests.benchmarks.relay`.

Needs gcc; nginx and LiteLLM take part where they are installed. `rounds` says how it is done.
"""

from collections.abc import Iterator

from tests.benchmarks.measuring import LOADS, Figures, put_load
from tests.benchmarks.relays import Relay
from tests.benchmarks.rounds import (
    Results,
    chosen,
    ratio,
    relay_arguments,
    say,
    site_with_upstream,
    take_turns,
)

PEERS = ("nginx", "naive", "litellm")


def main() -> None:
    parser = relay_arguments(__doc__, seconds=5)
    parser.add_argument("--loads", nargs="+", default=list(LOADS), choices=LOADS)
    options = parser.parse_args()
    loads = [LOADS[name] for name in options.loads]
    with site_with_upstream() as site:

        def measure(relay: Relay, pid: int | None) -> Iterator[tuple[str, Figures]]:
            for load in loads:
                yield load.name, put_load(site, relay, load, options.seconds, pid)

        direct = Relay("direct", [], site.upstream_port)
        found = chosen(site, sorted({load.model for load in loads}), options)
        results = take_turns(site, [direct, *found], options.rounds, measure)
    _compare(results, options.loads, [relay.name for relay in found])


def _compare(results: Results, loads: list[str], found: list[str]) -> None:
    say("\nWithin rounds")
    for load in loads:
        for peer in PEERS:
            if peer in found and "ours" in found:
                parts = [
                    f"{figure} {_against(results, load, peer, figure)}"
                    for figure in ("streams/s", "cpu µs/stream", "cpu µs/piece")
                ]
                say(f"  {load:5} ours / {peer:8} " + "  ".join(parts))
    if {"S16", "B16"} <= set(loads):
        for relay in found:
            small, large = (results.values(relay, load, "cpu µs/stream") for load in ("S16", "B16"))
            say(f"  {relay:8} B16 / S16: cpu µs/stream {ratio(large, small)}")


def _against(results: Results, load: str, peer: str, figure: str) -> str:
    return ratio(results.values("ours", load, figure), results.values(peer, load, figure))


if __name__ == "__main__":
    main()
