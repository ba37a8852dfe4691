"""What an open stream takes of memory: `python -m tests.benchmarks.memory`.

2,000 streams are open at once, with a token every 500 ms. What the process has at the most then,
less what it had after a short load of small requests, is divided by their number. A relay that
does not pass on 4,000 pieces a second has not begun all of them: its figure is too low.
"""

from collections.abc import Iterator

from tests.benchmarks.measuring import LOADS, Figures, Load, memory_kb, put_load
from tests.benchmarks.relays import Relay
from tests.benchmarks.rounds import chosen, relay_arguments, site_with_upstream, take_turns

WARM = LOADS["S16"]
# Longer than the measuring: no stream ends meanwhile.
OPEN = Load("open", connections=2000, tokens=2000, interval_ms=500)
OPENING_S = 20


def main() -> None:
    options = relay_arguments(__doc__, seconds=5).parse_args()
    with site_with_upstream() as site:

        def measure(relay: Relay, pid: int | None) -> Iterator[tuple[str, Figures]]:
            put_load(site, relay, WARM, 2, pid)
            before_kb = memory_kb(pid)
            figures = put_load(site, relay, OPEN, options.seconds, pid, warm_up_s=OPENING_S)
            yield (
                OPEN.name,
                {
                    "kB/stream": (figures["peak kB"] - before_kb) / OPEN.connections,
                    "idle MB": before_kb / 1024,
                    "pieces/s": figures["pieces/s"],
                    "failures": figures["failures"],
                },
            )

        take_turns(site, chosen(site, [WARM.model, OPEN.model], options), options.rounds, measure)


if __name__ == "__main__":
    main()
