"""Draining: no-op jobs that wait already, from the first claim to the last completion."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Final

from tests.benchmarks.coroutines import coroutines
from tests.benchmarks.figures import Figure
from tests.benchmarks.raw import Raw
from tests.benchmarks.rounds import Contestant, Measures, Setting, compete, timed
from tests.benchmarks.systems.protocol import PAYLOAD, Durability, System, nothing
from tests.benchmarks.systems.with_adc import Adc

RUNNER_THREADS: Final = (1, 10, 50)
PEER_THREADS: Final = 10


def raw_batches(at_once: int) -> Contestant:
    """The raw loop, that completes and claims so many in one transaction."""

    def run(folder: Path, durability: Durability, jobs: int) -> Measures:
        raw = Raw(folder / "jobs.db", durability)
        raw.schedule(jobs)
        found = timed(jobs, lambda: raw.drain(at_once))
        raw.connection.close()
        return found

    return run


def one_by_one(system: System) -> Contestant:
    """By hand, on one thread: one is claimed, run and completed, then the next."""

    def run(folder: Path, durability: Durability, jobs: int) -> Measures:
        with closing(system.open(folder, durability)) as queue:
            queue.put_many([PAYLOAD] * jobs)

            def drain() -> None:
                while queue.run_one(nothing):
                    pass

            return timed(jobs, drain)

    return run


def on_threads(system: System) -> Contestant:
    """The same on several threads at once, which share what is open if the system lets them."""

    def run(folder: Path, durability: Durability, jobs: int) -> Measures:
        with closing(system.open(folder, durability)) as queue:
            queue.put_many([PAYLOAD] * jobs)
            if system.is_shared:
                return timed(jobs, lambda: _together(lambda: queue.drain(nothing)))
            return timed(jobs, lambda: _together(lambda: _drain_own(system, folder, durability)))

    return run


def by_runner(threads: int) -> Contestant:
    """adc's own runner, with all that it does: enrolling, watching, time limits, stopping."""

    def run(folder: Path, durability: Durability, jobs: int) -> Measures:
        with closing(Adc(folder, durability)) as opened:
            opened.put_many([PAYLOAD] * jobs)
            return timed(jobs, lambda: opened.drain_with(nothing, threads))

    return run


def drain(setting: Setting) -> Iterator[Figure]:
    """Run no-op jobs; those of adc write an event and the row at each start and each end."""
    contestants = {"raw": one_by_one(setting.system("raw")), "raw, 10 a transaction": raw_batches(10)}
    contestants |= {f"adc, {threads} thread{'s' * (threads > 1)}": by_runner(threads) for threads in RUNNER_THREADS}
    contestants["adc, 1,000 coroutines"] = coroutines
    contestants["adc, poll_next"] = one_by_one(setting.system("adc"))
    for peer in setting.peers:
        contestants[peer.name] = one_by_one(peer)
        contestants[f"{peer.name}, {PEER_THREADS} threads"] = on_threads(peer)
    yield from compete(setting, "drain", contestants)


def _together(work: Callable[[], None]) -> None:
    threads = [Thread(target=work) for _ in range(PEER_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _drain_own(system: System, folder: Path, durability: Durability) -> None:
    with closing(system.open(folder, durability)) as queue:
        queue.drain(nothing)
