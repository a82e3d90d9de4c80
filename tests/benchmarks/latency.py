"""Latency: from before a job is scheduled until its handler begins, in an idle runner in another process."""

import math
import random
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from tests.benchmarks.figures import Figure
from tests.benchmarks.rounds import Setting
from tests.benchmarks.systems.protocol import Durability, System

PAUSE_SECONDS: Final = (0.005, 0.05)
"""Between two jobs of a warm runner."""
AT_A_TIME: Final = 10
"""So many jobs of one runner follow each other before it is the next one's turn: between two turns it becomes cold."""
PATIENCE_SECONDS: Final = 15.0
"""A job that takes longer never comes."""
WARM_SECONDS: Final = 30.0
"""So long the warm part of a round takes at most."""


class Idle:
    """A system's runner in a process of its own, and this process's queue to schedule for it."""

    def __init__(self, system: System, folder: Path, durability: Durability) -> None:
        self.lags: list[float] = []
        self.cold = math.inf
        self.busy_percent = 0.0
        self._queue = system.open(folder, durability)
        command = [sys.executable, "-m", "tests.benchmarks.idle", system.name, str(folder), durability]
        self._child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
        self.lag()  # a first job, until which it isn't idle but starting

    def lag(self) -> float:
        """Milliseconds until a job that is scheduled now begins."""
        self._queue.put(f"{time.monotonic_ns()}".ljust(100))
        assert self._child.stdout is not None
        if not select.select([self._child.stdout], [], [], PATIENCE_SECONDS)[0]:
            return math.inf
        return int(self._child.stdout.readline()) / 1e6

    def cpu_seconds(self) -> float:
        """What all of its threads have used."""
        tasks = Path(f"/proc/{self._child.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._queue.close()


def latency(setting: Setting) -> Iterator[Figure]:
    """All runners are idle at once, and are given some jobs in turn, one by one."""
    for durability in setting.durabilities:
        found: dict[tuple[str, str], list[float]] = {}
        for _ in range(setting.rounds):
            for name, idle in _round(setting, durability).items():
                lags = sorted(idle.lags)
                for measure, value in {
                    "ms p50": lags[len(lags) // 2],
                    "ms p99": lags[len(lags) * 99 // 100],
                    "ms cold": idle.cold,
                    "% of a core idle": idle.busy_percent,
                }.items():
                    found.setdefault((name, measure), []).append(value)
        for (name, measure), values in found.items():
            yield Figure("latency", durability, setting.samples, name, measure, tuple(values))


def _round(setting: Setting, durability: Durability) -> dict[str, Idle]:
    with ExitStack() as stack:
        runners: dict[str, Idle] = {}
        for system in setting.systems:
            if system.serves:
                folder = stack.enter_context(tempfile.TemporaryDirectory(dir=setting.folder))
                runners[system.name] = stack.enter_context(closing(Idle(system, Path(folder), durability)))
        _warm(runners, setting.samples)
        before = {name: idle.cpu_seconds() for name, idle in runners.items()}
        time.sleep(setting.cold_seconds)
        for name, idle in runners.items():
            idle.busy_percent = (idle.cpu_seconds() - before[name]) / setting.cold_seconds * 100
        for idle in runners.values():
            idle.cold = idle.lag()
        return runners


def _warm(runners: dict[str, Idle], samples: int) -> None:
    chance, until = random.Random(1), time.monotonic() + WARM_SECONDS
    for begun in range(0, samples, AT_A_TIME):
        for idle in runners.values():
            for _ in range(min(AT_A_TIME, samples - begun)):
                time.sleep(chance.uniform(*PAUSE_SECONDS))
                idle.lags.append(idle.lag())
        if time.monotonic() > until:
            return
