"""How long a voice may have to wait at the worst: `python -m tests.benchmarks.pauses`.

The longest that any token was on its way, in a minute with 64 and with 128 voices. A pause of the
process, such as a full garbage collection, hits all voices, and no percentile of few seconds.
"""

from collections.abc import Iterator

from tests.benchmarks.measuring import Figures, put_load
from tests.benchmarks.relays import Relay
from tests.benchmarks.rounds import chosen, relay_arguments, site_with_upstream, take_turns
from tests.benchmarks.voices import voices

SHOWN = ("lag p99 ms", "lag max ms", "pieces/s", "failures")


def main() -> None:
    parser = relay_arguments(__doc__, seconds=60)
    parser.set_defaults(relays=["ours", "nginx"])
    options = parser.parse_args()
    with site_with_upstream() as site:

        def measure(relay: Relay, pid: int | None) -> Iterator[tuple[str, Figures]]:
            for load in (voices(64), voices(128)):
                figures = put_load(site, relay, load, options.seconds, pid)
                yield load.name, {name: figures[name] for name in SHOWN}

        take_turns(site, chosen(site, [voices(1).model], options), options.rounds, measure)


if __name__ == "__main__":
    main()
