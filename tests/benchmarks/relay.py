"""Measure relays side by side: `python -m tests.benchmarks.relay`.

Every round starts each relay afresh and gives it the same loads, so that a slow minute of a shared
machine hits all of them. Reported are medians of the rounds, with minimum and maximum, and ratios
within rounds. Rounds, loads and rules are fixed by the arguments before anything is measured.
Needs gcc; nginx and LiteLLM take part where they are installed.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import Any

from tests.benchmarks.relays import (
    HERE,
    KEY,
    LOAD_CORE,
    RELAY_CORE,
    RELAY_PORT,
    UPSTREAM_PORT,
    Relay,
    relays,
    running,
)

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """What is asked: how many connections, of a model with so many tokens at such an interval."""

    name: str
    connections: int
    tokens: int
    interval_ms: int = 0
    history_bytes: int = 0

    @property
    def model(self) -> str:
        return f"bench-{self.tokens}-{self.interval_ms}"

    def body(self) -> bytes:
        history = []
        for number in range(100 if self.history_bytes else 0):
            role = "assistant" if number % 2 else "user"
            history.append({"role": role, "content": "word " * (self.history_bytes // 520)})
        messages = [*history, {"role": "user", "content": "Hello!"}]
        return json.dumps({"model": self.model, "stream": True, "messages": messages}).encode()


LOADS = {
    load.name: load
    for load in (
        Load("S16", 16, 1),
        Load("F16", 16, 50),
        Load("F128", 128, 50),
        Load("R128", 128, 50, 20),
        Load("R512", 512, 50, 20),
        Load("B16", 16, 1, history_bytes=60_000),
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--loads", nargs="+", default=list(LOADS), choices=LOADS)
    parser.add_argument("--relays", nargs="+", help="only these")
    parser.add_argument("--litellm", type=Path, help="LiteLLM's program, in its own environment")
    options = parser.parse_args()
    work = Path(mkdtemp(prefix="benchmark-"))
    _compile(work)
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
                    _say(f"round {number + 1} {relay.name:8} {load.name:5} {_line(figures)}")
    _report(results)
    (work / "results.json").write_text(
        json.dumps({f"{relay} {load}": rounds for (relay, load), rounds in results.items()})
    )
    _say(f"\nEvery round: {work / 'results.json'}")


Results = defaultdict[tuple[str, str], list[dict[str, float]]]


def _compile(work: Path) -> None:
    for program in ("upstream", "load"):
        source, target = HERE / f"{program}.c", work / program
        command = ["gcc", "-O2", "-D_GNU_SOURCE", "-o", str(target), str(source)]
        subprocess.run(command, check=True)


def _measure(
    relay: Relay, loads: Iterable[Load], work: Path, seconds: float
) -> Iterable[tuple[Load, dict[str, float]]]:
    if not relay.command:
        for load in loads:
            yield load, _one_load(relay, load, work, seconds, None)
        return
    with running(relay.command, RELAY_CORE, RELAY_PORT, work / f"{relay.name}.log") as pid:
        for load in loads:
            yield load, _one_load(relay, load, work, seconds, pid)


def _one_load(
    relay: Relay, load: Load, work: Path, seconds: float, pid: int | None
) -> dict[str, float]:
    body = work / f"{load.name}.json"
    body.write_bytes(load.body())
    warm_up = 2.0
    command = [str(work / "load"), str(relay.port), str(load.connections), str(seconds)]
    command += [str(warm_up), str(body), KEY]
    before = _cpu_s(pid)
    done = subprocess.run(["taskset", "-c", LOAD_CORE, *command], capture_output=True, check=True)
    # The warm-up costs CPU too, at the same rate: the share of the measured time is taken.
    cpu_s = (_cpu_s(pid) - before) * seconds / (seconds + warm_up)
    raw: dict[str, Any] = json.loads(done.stdout)
    return {
        "streams/s": raw["streams"] / seconds,
        "cpu µs/piece": cpu_s / max(raw["pieces"], 1) * 1e6,
        "ttft p50 ms": raw["ttft_us"]["p50"] / 1000,
        "ttft p99 ms": raw["ttft_us"]["p99"] / 1000,
        "lag p99 ms": raw["lag_us"]["p99"] / 1000,
        "lag max ms": raw["lag_us"]["max"] / 1000,
        "failures": raw["failures"],
    }


def _cpu_s(pid: int | None) -> float:
    """CPU time of a process and its children, in seconds."""
    if pid is None:
        return 0.0
    total = 0.0
    for process in [pid, *_children(pid)]:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    direct = [int(child) for task in tasks for child in task.read_text().split()]
    return direct + [grandchild for child in direct for grandchild in _children(child)]


def _report(results: Results) -> None:
    names = list(dict.fromkeys(load for _, load in results))
    for load in names:
        _say(f"\n{load}")
        for (relay, its_load), rounds in results.items():
            if its_load == load:
                _say(f"  {relay:8} " + "  ".join(_spread(name, rounds) for name in rounds[0]))
        _say(_ratios(results, load))


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


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
