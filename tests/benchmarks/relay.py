"""Measure relays side by side: `python -m tests.benchmarks.relay`.

Every round starts each relay afresh and gives it the same loads, so that a slow minute of a shared
machine hits all of them. Reported are medians of the rounds, with minimum and maximum, and ratios
within rounds. Rounds, loads and rules are fixed by the arguments before anything is measured.
Needs gcc; nginx and LiteLLM take part where they are installed.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

from tests.benchmarks.measuring import LOADS, Load, compile_programs, put_load, say
from tests.benchmarks.relays import (
    LOAD_CORE,
    RELAY_CORE,
    RELAY_PORT,
    UPSTREAM_PORT,
    Relay,
    relays,
    running,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--loads", nargs="+", default=list(LOADS), choices=LOADS)
    parser.add_argument("--relays", nargs="+", help="only these")
    parser.add_argument("--litellm", type=Path, help="LiteLLM's program, in its own environment")
    options = parser.parse_args()
    work = Path(mkdtemp(prefix="benchmark-"))
    compile_programs(work)
    loads = [LOADS[name] for name in options.loads]
    chosen = [
        relay
        for relay in relays(work, sorted({load.model for load in loads}), options.litellm)
        if not options.relays or relay.name in options.relays
    ]
    direct = Relay("direct", [], UPSTREAM_PORT)
    results: Results = defaultdict(list)
    upstream = [str(work / "upstream"), str(UPSTREAM_PORT)]
    with running(upstream, LOAD_CORE, UPSTREAM_PORT, work / "upstream.log"):
        for number in range(options.rounds):
            for relay in [direct, *chosen]:
                for load, figures in _measure(relay, loads, work, options.seconds):
                    results[relay.name, load.name].append(figures)
                    say(f"round {number + 1} {relay.name:8} {load.name:5} {_line(figures)}")
    _report(results)
    (work / "results.json").write_text(
        json.dumps({f"{relay} {load}": rounds for (relay, load), rounds in results.items()})
    )
    say(f"\nEvery round: {work / 'results.json'}")


Results = defaultdict[tuple[str, str], list[dict[str, float]]]


def _measure(
    relay: Relay, loads: Iterable[Load], work: Path, seconds: float
) -> Iterable[tuple[Load, dict[str, float]]]:
    if not relay.command:
        for load in loads:
            yield load, put_load(relay, load, work, seconds, None)
        return
    with running(relay.command, RELAY_CORE, RELAY_PORT, work / f"{relay.name}.log") as pid:
        for load in loads:
            yield load, put_load(relay, load, work, seconds, pid)


def _report(results: Results) -> None:
    names = list(dict.fromkeys(load for _, load in results))
    for load in names:
        say(f"\n{load}")
        for (relay, its_load), rounds in results.items():
            if its_load == load:
                say(f"  {relay:8} " + "  ".join(_spread(name, rounds) for name in rounds[0]))
        say(_ratios(results, load))


def _spread(name: str, rounds: list[dict[str, float]]) -> str:
    values = [figures[name] for figures in rounds]
    return f"{name} {_n(median(values))} [{_n(min(values))}–{_n(max(values))}]"


def _ratios(results: Results, load: str) -> str:
    """Ours against each peer, within rounds: medians of streams per second and CPU per piece."""
    ours = results.get(("ours", load), [])
    parts = []
    for relay in ("nginx", "naive", "litellm"):
        peers = results.get((relay, load), [])
        if ours and peers:
            pairs = list(zip(ours, peers, strict=True))
            rate = median(o["streams/s"] / max(p["streams/s"], 1e-9) for o, p in pairs)
            cpu = median(o["cpu µs/piece"] / max(p["cpu µs/piece"], 1e-9) for o, p in pairs)
            parts.append(f"{relay}: {rate:.2f} × its streams/s, {cpu:.2f} × its CPU per piece")
    return "  ours against " + "; ".join(parts) if parts else ""


def _line(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {_n(value)}" for name, value in figures.items())


def _n(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    main()
