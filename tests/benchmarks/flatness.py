"""Whether memory grows with the streams that are over: `python -m tests.benchmarks.flatness`.

100,000 streams of one token, 16 at once; memory is read after each load. The slope is that of the
straight line through what was read after the first tenth, when all caches are full.
"""

from collections.abc import Iterator
from statistics import linear_regression

from tests.benchmarks.measuring import LOADS, Figures, memory_kb, put_load
from tests.benchmarks.relays import Relay, Site
from tests.benchmarks.rounds import chosen, relay_arguments, say, site_with_upstream, take_turns

LOAD = LOADS["S16"]


def main() -> None:
    parser = relay_arguments(__doc__, seconds=5)
    parser.add_argument("--streams", type=int, default=100_000)
    parser.set_defaults(rounds=1, relays=["ours"])
    options = parser.parse_args()
    with site_with_upstream() as site:

        def measure(relay: Relay, pid: int | None) -> Iterator[tuple[str, Figures]]:
            samples = list(_samples(site, relay, pid, options.seconds, options.streams))
            counts, sizes_kb = zip(*samples[len(samples) // 10 :], strict=True)
            slope = linear_regression(counts, sizes_kb).slope
            yield (
                LOAD.name,
                {
                    "streams": counts[-1],
                    "first MB": samples[0][1] / 1024,
                    "last MB": sizes_kb[-1] / 1024,
                    "bytes/stream": slope * 1024,
                },
            )

        take_turns(site, chosen(site, [LOAD.model], options), options.rounds, measure)


def _samples(
    site: Site, relay: Relay, pid: int | None, seconds: float, most: int
) -> Iterator[tuple[float, float]]:
    """Streams that are over, and the memory then in kB."""
    streams = 0.0
    while streams < most:
        figures = put_load(site, relay, LOAD, seconds, pid, warm_up_s=0.1)
        streams += figures["streams/s"] * seconds
        say(f"{relay.name:8} {streams:8.0f} streams {memory_kb(pid) / 1024:8.1f} MB")
        yield streams, memory_kb(pid)


if __name__ == "__main__":
    main()
