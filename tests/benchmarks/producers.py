"""Producers: threads of one process that schedule one job at a time, each waiting for its own commit."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Barrier, Thread
from typing import Final

from tests.benchmarks.figures import Figure
from tests.benchmarks.rounds import RATE, Contestant, Measures, Setting, compete
from tests.benchmarks.systems.protocol import PAYLOAD, Durability, Opened, System

THREADS: Final = (1, 8, 32)


def produce(system: System, threads: int, *, queues: int) -> Contestant:
    """So many threads, with a queue that they share or with one each."""

    def run(folder: Path, durability: Durability, jobs: int) -> Measures:
        with ExitStack() as opened:
            mine = [opened.enter_context(closing(system.open(folder, durability))) for _ in range(queues)]
            errors: list[Exception] = []
            work = [_putting(mine[n % queues], jobs // threads, errors) for n in range(threads)]
            seconds = _together(work)
            return {RATE: (jobs // threads * threads - len(errors)) / seconds, "errors": len(errors)}

    return run


def producers(setting: Setting) -> Iterator[Figure]:
    """Schedule from 1, 8 and 32 threads."""
    ours = setting.system("adc")
    contestants = {_name(ours, threads): produce(ours, threads, queues=1) for threads in THREADS}
    contestants["adc, 32 threads, a connection each"] = produce(ours, 32, queues=32)
    for peer in setting.peers:
        if peer.is_shared:
            contestants |= {_name(peer, threads): produce(peer, threads, queues=1) for threads in THREADS}
    yield from compete(setting, "producers", contestants)


def _name(system: System, threads: int) -> str:
    return f"{system.name}, {threads} thread{'s' * (threads > 1)}"


def _putting(queue: Opened, jobs: int, errors: list[Exception]) -> Callable[[], None]:
    def put_all() -> None:
        for _ in range(jobs):
            try:
                queue.put(PAYLOAD)
            except Exception as error:  # noqa: BLE001  a peer may raise what it likes
                errors.append(error)

    return put_all


def _together(work: list[Callable[[], None]]) -> float:
    """How many seconds it takes until all are done; they begin at once."""
    barrier = Barrier(len(work) + 1)

    def begin(one: Callable[[], None]) -> None:
        barrier.wait()
        one()

    threads = [Thread(target=begin, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began
