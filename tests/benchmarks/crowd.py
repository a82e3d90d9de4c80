"""Crowd: four processes that schedule and four that run, all at once; and what was lost or came twice."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Final

from tests.benchmarks.figures import Figure
from tests.benchmarks.rounds import RATE, Contestant, Measures, Setting, compete
from tests.benchmarks.systems.known import known
from tests.benchmarks.systems.protocol import Durability, System

PRODUCERS: Final = 4
RUNNERS: Final = 4
PATIENCE_SECONDS: Final = 10.0
"""When nothing comes for so long, what is missing is lost."""
EMPTY_SECONDS: Final = 0.001
"""A system without a runner of its own looks so often."""


def crowd(setting: Setting) -> Iterator[Figure]:
    """From the start of all to the last job that is run."""
    yield from compete(setting, "crowd", {each.name: _contestant(each) for each in setting.systems})


def _contestant(system: System) -> Contestant:
    def run(folder: Path, durability: Durability, jobs: int) -> Measures:
        system.open(folder, durability).close()
        spawn = multiprocessing.get_context("spawn")
        barrier = spawn.Barrier(PRODUCERS + RUNNERS + 1)
        ends = [spawn.Pipe(duplex=False) for _ in range(PRODUCERS + RUNNERS)]
        of_one = (system.name, folder, durability, barrier)
        children = [
            spawn.Process(target=produce, args=(*of_one, sending, number * jobs // 4, (number + 1) * jobs // 4))
            for number, (_, sending) in enumerate(ends[:PRODUCERS])
        ]
        children += [spawn.Process(target=consume, args=(*of_one, sending)) for _, sending in ends[PRODUCERS:]]
        for child in children:
            child.start()
        barrier.wait()
        began = time.monotonic_ns()
        seen, errors, last = _listen([receiving for receiving, _ in ends], jobs)
        for child in children:
            child.kill()
            child.join()
        lost, twice = jobs - len(seen), sum(seen.values()) - len(seen)
        return {RATE: len(seen) / (last - began) * 1e9, "lost": lost, "run twice": twice, "errors": errors}

    return run


def _listen(ends: list[Connection], jobs: int) -> tuple[Counter[int], int, int]:
    """Which jobs ran and how often, how many errors there were, and when the last one ran."""
    seen: Counter[int] = Counter()
    errors, last = 0, time.monotonic_ns()
    while len(seen) < jobs and (ready := wait(ends, PATIENCE_SECONDS)):
        for end in ready:
            assert isinstance(end, Connection)
            number, at = end.recv()
            if number is None:
                errors += 1
            else:
                seen[number] += 1
                last = max(last, at)
    return seen, errors, last


def produce(name: str, folder: Path, durability: Durability, barrier: Barrier, end: Connection, *which: int) -> None:
    """Schedule those jobs, one at a time; one that couldn't be is tried again, and is an error."""
    with closing(known(name).open(folder, durability)) as queue:
        barrier.wait()
        for number in range(*which):
            while True:
                try:
                    queue.put(f"{number}".ljust(100))
                except Exception:  # noqa: BLE001  a peer may raise what it likes
                    end.send((None, 0))
                else:
                    break
        time.sleep(3_600)  # its end would be news to the parent, who kills it


def consume(name: str, folder: Path, durability: Durability, barrier: Barrier, end: Connection) -> None:
    """Run what there is, until the process is killed: by adc's runner; of peers by hand, since theirs wait longer."""
    system = known(name)

    def tell(payload: str) -> None:
        end.send((int(payload), time.monotonic_ns()))

    with closing(system.open(folder, durability)) as queue:
        barrier.wait()
        while True:
            try:
                if name == "adc":
                    queue.serve(tell)
                elif not queue.run_one(tell):
                    time.sleep(EMPTY_SECONDS)
            except Exception:  # noqa: BLE001  as above
                end.send((None, 0))
