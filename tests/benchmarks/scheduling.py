"""Scheduling: one job a call, and a thousand a call."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.benchmarks.figures import Figure
from tests.benchmarks.rounds import Contestant, Measures, Setting, compete, timed
from tests.benchmarks.systems.protocol import PAYLOAD, Durability, System

A_CALL: Final = 1_000


def singles(system: System) -> Contestant:
    """One at a time, each durable when its call returns."""

    def run(folder: Path, durability: Durability, jobs: int) -> Measures:
        queue = system.open(folder, durability)

        def put_all() -> None:
            for _ in range(jobs):
                queue.put(PAYLOAD)

        found = timed(jobs, put_all)
        queue.close()
        return found

    return run


def bulk(system: System) -> Contestant:
    """A thousand a call."""

    def run(folder: Path, durability: Durability, jobs: int) -> Measures:
        queue = system.open(folder, durability)
        lots = [[PAYLOAD] * min(A_CALL, jobs - first) for first in range(0, jobs, A_CALL)]

        def put_all() -> None:
            for lot in lots:
                queue.put_many(lot)

        found = timed(jobs, put_all)
        queue.close()
        return found

    return run


def schedule(setting: Setting) -> Iterator[Figure]:
    """Store jobs with a payload of 100 bytes, from one thread."""
    contestants = {each.name: singles(each) for each in setting.systems}
    contestants |= {f"{each.name}, 1,000 a call": bulk(each) for each in setting.systems if each.has_bulk}
    yield from compete(setting, "schedule", contestants)
