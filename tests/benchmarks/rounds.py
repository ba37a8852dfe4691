"""Rounds in which relays take turns, so that a slow minute of a shared machine hits all of them.

Each round starts each relay afresh. Reported are medians of the rounds, with minimum and maximum,
and ratios within rounds. Rounds, loads and rules are fixed by the arguments before anything is
measured.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.benchmarks.measuring import Figures, compile_programs
from tests.benchmarks.relays import LOAD_CORE, RELAY_CORE, Relay, Site, relays, running

Measure = Callable[[Relay, int | None], Iterable[tuple[str, Figures]]]
"""Puts loads on a relay with this process id; gives their names, and figures."""


def arguments(doc: str | None, seconds: float) -> argparse.ArgumentParser:
    """The arguments that all benchmarks have."""
    parser = argparse.ArgumentParser(description=(doc or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=seconds, help="of one load")
    return parser


def relay_arguments(doc: str | None, seconds: float) -> argparse.ArgumentParser:
    """Those of benchmarks of relays."""
    parser = arguments(doc, seconds)
    parser.add_argument("--relays", nargs="+", help="only these")
    parser.add_argument("--litellm", type=Path, help="LiteLLM's program, in its own environment")
    return parser


@contextmanager
def site_with_upstream() -> Iterator[Site]:
    """A place with all programs, whose upstream runs."""
    site = Site.make()
    compile_programs(site.work)
    command = [str(site.work / "upstream"), str(site.upstream_port)]
    with running(command, LOAD_CORE, site.upstream_port, site.work / "upstream.log"):
        yield site


def chosen(site: Site, models: Sequence[str], options: argparse.Namespace) -> list[Relay]:
    """The relays that the arguments ask for."""
    found = relays(site, models, options.litellm)
    return [relay for relay in found if not options.relays or relay.name in options.relays]


@contextmanager
def started(site: Site, relay: Relay) -> Iterator[int | None]:
    """Run the relay on its core; gives its process id."""
    if not relay.command:
        yield None
        return
    with running(relay.command, RELAY_CORE, relay.port, site.work / f"{relay.name}.log") as pid:
        yield pid


class Results:
    """The figures of all rounds, by load and relay."""

    def __init__(self) -> None:
        self._rounds: defaultdict[str, defaultdict[str, list[Figures]]] = defaultdict(
            lambda: defaultdict(list)
        )

    def add(self, relay: str, load: str, figures: Figures) -> None:
        self._rounds[load][relay].append(figures)

    def values(self, relay: str, load: str, figure: str) -> list[float]:
        return [figures[figure] for figures in self._rounds[load][relay]]

    def report(self) -> None:
        for load, of_relays in self._rounds.items():
            say(f"\n{load}")
            for relay, rounds in of_relays.items():
                spreads = [
                    f"{figure} {spread(self.values(relay, load, figure))}" for figure in rounds[0]
                ]
                say(f"  {relay:8} " + "  ".join(spreads))

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self._rounds))
        say(f"\nEvery round: {path}")


def take_turns(site: Site, found: Sequence[Relay], rounds: int, measure: Measure) -> Results:
    """Measure all relays in each round, print what comes, and report at the end."""
    results = Results()
    for number in range(rounds):
        for relay in found:
            with started(site, relay) as pid:
                for load, figures in measure(relay, pid):
                    results.add(relay.name, load, figures)
                    line = "  ".join(f"{name} {_n(value)}" for name, value in figures.items())
                    say(f"round {number + 1} {relay.name:8} {load:5} {line}")
    results.report()
    results.save(site.work / "results.json")
    return results


def ratio(ones: Sequence[float], others: Sequence[float]) -> str:
    """How many times the others, within rounds."""
    pairs = zip(ones, others, strict=True)
    return spread([one / max(other, 1e-9) for one, other in pairs])


def spread(values: Sequence[float]) -> str:
    return f"{_n(median(values))} [{_n(min(values))}–{_n(max(values))}]"


def _n(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
