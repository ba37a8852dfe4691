"""How many voices one core carries: `python -m tests.benchmarks.voices`.

A voice is a stream of one token every 20 ms. A relay carries a number of them if every piece's way
through it takes at most 20 ms at the 99th percentile and nothing fails. The numbers rise until
the first step that it does not carry; the rule is the same for all.
"""

from collections.abc import Iterator

from tests.benchmarks.measuring import Figures, Load, put_load
from tests.benchmarks.relays import Relay, Site
from tests.benchmarks.rounds import chosen, relay_arguments, site_with_upstream, take_turns

STEPS = (8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
LONGEST_LAG_MS = 20


def voices(number: int) -> Load:
    return Load(f"V{number}", number, tokens=50, interval_ms=20)


def main() -> None:
    options = relay_arguments(__doc__, seconds=4).parse_args()
    with site_with_upstream() as site:

        def measure(relay: Relay, pid: int | None) -> Iterator[tuple[str, Figures]]:
            yield "voices", {"carried": _carried(site, relay, options.seconds, pid)}

        take_turns(site, chosen(site, [voices(1).model], options), options.rounds, measure)


def _carried(site: Site, relay: Relay, seconds: float, pid: int | None) -> int:
    best = 0
    for number in STEPS:
        figures = put_load(site, relay, voices(number), seconds, pid)
        if figures["lag p99 ms"] > LONGEST_LAG_MS or figures["failures"]:
            break
        best = number
    return best


if __name__ == "__main__":
    main()
