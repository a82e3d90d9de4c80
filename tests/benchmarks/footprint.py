"""Footprint: bytes a job on disk, memory of a runner, and the time until a new process runs its first job."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.benchmarks.figures import Figure
from tests.benchmarks.rounds import Contestant, Measures, Setting, compete
from tests.benchmarks.systems.protocol import PAYLOAD, Durability, System, nothing

BARE: Final = "python"
LOT: Final = 5
"""So many times more jobs than elsewhere: an empty file has its size too."""


def footprint(setting: Setting) -> Iterator[Figure]:
    """It is the same at NORMAL and FULL: so only NORMAL is measured."""
    contestants = {each.name: _of(each) for each in setting.systems}
    contestants[BARE] = _bare
    yield from compete(setting, "footprint", contestants, jobs=setting.jobs * LOT, durabilities=("normal",))


def _of(system: System) -> Contestant:
    def run(folder: Path, durability: Durability, jobs: int) -> Measures:
        with closing(system.open(folder, durability)) as queue:
            queue.put_many([PAYLOAD] * jobs)
        scheduled = _bytes(folder)
        with closing(system.open(folder, durability)) as queue:
            queue.drain(nothing)
        done = _bytes(folder)
        with closing(system.open(folder, durability)) as queue:
            queue.put(PAYLOAD)
        found = _alone(system.name, str(folder), durability, "1")
        with closing(system.open(folder, durability)) as queue:
            queue.put_many([PAYLOAD] * jobs)
        busy = _alone(system.name, str(folder), durability, "all")
        return {
            "bytes a job, scheduled": scheduled / jobs,
            "bytes a job, done": done / jobs,
            "ms until the first job": found["ms"],
            "MiB of a runner": busy["MiB"],
        }

    return run


def _bare(folder: Path, durability: Durability, jobs: int) -> Measures:
    found = _alone(BARE, str(folder), durability, "1")
    return {"ms until the first job": found["ms"], "MiB of a runner": found["MiB"]}


def _alone(*arguments: str) -> dict[str, float]:
    began = time.monotonic_ns()
    command = [sys.executable, "-m", "tests.benchmarks.alone", *arguments]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return {"ms": (int(told[0]) - began) / 1e6, "MiB": int(told[1]) / 1024}


def _bytes(folder: Path) -> int:
    """Of all files: what is closed has no more in its WAL than it keeps there."""
    return sum(each.stat().st_size for each in folder.iterdir() if each.is_file())
