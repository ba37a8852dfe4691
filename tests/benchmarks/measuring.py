"""Put a load on a relay, and read what it cost."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.relays import HERE, KEY, LOAD_CORE, Relay, Site

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024
LOOK_S = 0.2

Figures = dict[str, float]


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
    site: Site, relay: Relay, load: Load, seconds: float, pid: int | None, warm_up_s: float = 2
) -> Figures:
    """Put a load on a relay whose process is `pid`; None where there is none to be watched."""
    body = site.work / f"{load.name}.json"
    body.write_bytes(load.body())
    command = [str(site.work / "load"), str(relay.port), str(load.connections), str(seconds)]
    command += [str(warm_up_s), str(body), KEY, relay.path]
    cpu_before_s = _cpu_s(pid)
    printed, peak_kb = _run_and_watch(["taskset", "-c", LOAD_CORE, *command], pid)
    # The warm-up costs CPU too, at the same rate: the share of the measured time is taken.
    cpu_s = (_cpu_s(pid) - cpu_before_s) * seconds / (seconds + warm_up_s)
    raw: dict[str, Any] = json.loads(printed)
    return {
        "streams/s": raw["streams"] / seconds,
        "pieces/s": raw["pieces"] / seconds,
        "cpu µs/stream": cpu_s / max(raw["streams"], 1) * 1e6,
        "cpu µs/piece": cpu_s / max(raw["pieces"], 1) * 1e6,
        "ttft p50 ms": raw["ttft_us"]["p50"] / 1000,
        "ttft p99 ms": raw["ttft_us"]["p99"] / 1000,
        "lag p99 ms": raw["lag_us"]["p99"] / 1000,
        "lag max ms": raw["lag_us"]["max"] / 1000,
        "peak kB": peak_kb,
        "failures": raw["failures"],
    }


def _run_and_watch(command: list[str], pid: int | None) -> tuple[bytes, float]:
    """What the command prints, and the most memory that the process had meanwhile, in kB."""
    peak_kb = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        while True:
            try:
                printed, _ = process.communicate(timeout=LOOK_S)
            except subprocess.TimeoutExpired:
                peak_kb = max(peak_kb, memory_kb(pid))
            else:
                break
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return printed, peak_kb


def memory_kb(pid: int | None) -> float:
    """Resident memory of a process and its children."""
    pages = 0
    for process in _family(pid):
        pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * PAGE_KB


def _cpu_s(pid: int | None) -> float:
    """CPU time of a process and its children, in seconds."""
    total = 0.0
    for process in _family(pid):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def _family(pid: int | None) -> list[int]:
    if pid is None:
        return []
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [pid, *(member for child in children for member in _family(child))]
