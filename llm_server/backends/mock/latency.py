"""How long a mock takes: always the same, or drawn from percentiles."""

from bisect import bisect_right
from random import Random

from llm_server.backends.mock.options import percent


def draw(latency: dict[str, float], random: Random) -> float:
    """Seconds to wait.

    Between two percentiles the line between them holds; below the lowest and above the highest,
    its value. So a `p50` alone is always that.
    """
    if len(latency) == 1:
        return next(iter(latency.values()))
    points = sorted((percent(name), seconds) for name, seconds in latency.items())
    position = random.uniform(0, 100)
    above = bisect_right(points, position, key=lambda point: point[0])
    if above in (0, len(points)):
        return points[0 if above == 0 else -1][1]
    (low, fastest), (high, slowest) = points[above - 1], points[above]
    return fastest + (slowest - fastest) * (position - low) / (high - low)
