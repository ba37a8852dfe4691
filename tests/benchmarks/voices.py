"""How many voices one core carries: `python -m tests.benchmarks.voices`.

A voice is a stream of one token every 20 ms. A relay carries a number of them if every piece's way
through it takes at most 20 ms at the 99th percentile and nothing fails. The numbers rise until
the first step that it does not carry; the rule is the same for all. Relays take turns.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

from tests.benchmarks.measuring import Load, compile_programs, put_load, say
from tests.benchmarks.relays import (
    LOAD_CORE,
    RELAY_CORE,
    RELAY_PORT,
    UPSTREAM_PORT,
    Relay,
    relays,
    running,
)

STEPS = (8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
LONGEST_LAG_MS = 20
MODEL = "bench-50-20"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--relays", nargs="+", help="only these")
    parser.add_argument("--litellm", type=Path, help="LiteLLM's program, in its own environment")
    options = parser.parse_args()
    work = Path(mkdtemp(prefix="benchmark-"))
    compile_programs(work)
    carried: dict[str, list[int]] = defaultdict(list)
    upstream = [str(work / "upstream"), str(UPSTREAM_PORT)]
    with running(upstream, LOAD_CORE, UPSTREAM_PORT, work / "upstream.log"):
        for number in range(options.rounds):
            for relay in relays(work, [MODEL], options.litellm):
                if not options.relays or relay.name in options.relays:
                    carried[relay.name].append(_carried(relay, work, options.seconds))
                    say(f"round {number + 1} {relay.name:8} {carried[relay.name][-1]}")
    for name, counts in carried.items():
        say(f"{name:8} median {median(counts):.0f}, rounds {counts}")


def _carried(relay: Relay, work: Path, seconds: float) -> int:
    best = 0
    with running(relay.command, RELAY_CORE, RELAY_PORT, work / f"{relay.name}.log") as pid:
        for voices in STEPS:
            load = Load(f"V{voices}", voices, 50, 20)
            figures = put_load(relay, load, work, seconds, pid)
            if figures["lag p99 ms"] > LONGEST_LAG_MS or figures["failures"]:
                break
            best = voices
    return best


if __name__ == "__main__":
    main()
