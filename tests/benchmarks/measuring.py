"""Put a load on a relay, and read what it cost."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.relays import HERE, KEY, LOAD_CORE, Relay

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


def compile_programs(work: Path) -> None:
    for program in ("upstream", "load"):
        source, target = HERE / f"{program}.c", work / program
        command = ["gcc", "-O2", "-D_GNU_SOURCE", "-o", str(target), str(source)]
        subprocess.run(command, check=True)


def put_load(
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


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
