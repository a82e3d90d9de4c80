"""Measure speed: adc beside the raw loop of raw.py, interleaved in one run; the ratios are what counts.

python -m tests.benchmarks.bench [--jobs 5000] [--rounds 5]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import adc
from adc.stores.sqlite.opening import Durability
from tests.benchmarks.raw import PAYLOAD, Raw

INVOICE: Final = adc.JobKind("invoice", bytes)
Timed: TypeAlias = Callable[[Path, Durability, int], float]
"""Does so many jobs on a new file, and gives the seconds that it took."""

router = adc.RunnerRouter()


@router.handles(INVOICE)
def nothing(job: adc.Job[bytes]) -> None:
    """A job that costs nothing, so that all of its cost is adc's."""


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def raw_calls(raw: Raw, jobs: int, a_call: int) -> None:
    for _ in range(0, jobs, a_call):
        raw.schedule(a_call)


def raw_singles(path: Path, durability: Durability, jobs: int) -> float:
    raw = Raw(path, durability)
    return timed(lambda: raw_calls(raw, jobs, 1))


def adc_singles(path: Path, durability: Durability, jobs: int) -> float:
    with adc.SqliteQueue.open(path, durability=durability) as queue:
        return timed(lambda: [queue.schedule(INVOICE.new(PAYLOAD)) for _ in range(jobs)])


def raw_bulk(path: Path, durability: Durability, jobs: int) -> float:
    raw = Raw(path, durability)
    return timed(lambda: raw_calls(raw, jobs, 1000))


def adc_bulk(path: Path, durability: Durability, jobs: int) -> float:
    def schedule_many() -> object:
        return queue.schedule_many(INVOICE.new(PAYLOAD) for _ in range(1000))

    with adc.SqliteQueue.open(path, durability=durability) as queue:
        return timed(lambda: [schedule_many() for _ in range(0, jobs, 1000)])


def raw_drain(path: Path, durability: Durability, jobs: int) -> float:
    raw = Raw(path, durability)
    raw.schedule(jobs)
    return timed(lambda: raw.drain(10))


def adc_drain(threads: int) -> Timed:
    def drain(path: Path, durability: Durability, jobs: int) -> float:
        with adc.SqliteQueue.open(path, durability=durability) as queue:
            queue.schedule_many(INVOICE.new(PAYLOAD) for _ in range(jobs))
            return timed(adc.JobRunner(queue, router, concurrency=threads).run_until_idle)

    return drain


def adc_poll(path: Path, durability: Durability, jobs: int) -> float:
    def all_of_them() -> None:
        while (claimed := queue.poll_next(INVOICE)) is not None:
            claimed.complete(None)

    with adc.SqliteQueue.open(path, durability=durability) as queue:
        queue.schedule_many(INVOICE.new(PAYLOAD) for _ in range(jobs))
        return timed(all_of_them)


WORKLOADS: Final[dict[str, tuple[Timed, dict[str, Timed]]]] = {
    "schedule one at a time": (raw_singles, {"adc": adc_singles}),
    "schedule 1,000 a call": (raw_bulk, {"adc": adc_bulk}),
    "drain; raw: 10 a transaction": (
        raw_drain,
        {"1 thread": adc_drain(1), "10 threads": adc_drain(10), "50 threads": adc_drain(50), "poll_next": adc_poll},
    ),
}


def measure(durability: Durability, jobs: int, rounds: int) -> None:
    for workload, (raw, contestants) in WORKLOADS.items():
        seconds: dict[str, list[float]] = {name: [] for name in ("raw", *contestants)}
        for _ in range(rounds):  # interleaved, so that a noisy moment hits all of them
            for name, run in {"raw": raw, **contestants}.items():
                with tempfile.TemporaryDirectory() as folder:
                    seconds[name].append(run(Path(folder) / "jobs.db", durability, jobs))
        limit = statistics.median(seconds["raw"])
        print(f"{workload} ({durability}, {jobs} jobs, median of {rounds})")
        for name, took in seconds.items():
            rates = sorted(jobs / each for each in took)
            median = statistics.median(took)
            print(
                f"  {name:12} {jobs / median:8,.0f} jobs/s  ({rates[0]:,.0f} .. {rates[-1]:,.0f})"
                f"  {median / jobs * 1e6:6.1f} us/job  {limit / median:5.2f} x raw"
            )


def bytes_a_job(jobs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.db"
        with adc.SqliteQueue.open(path) as queue:
            queue.schedule_many(INVOICE.new(PAYLOAD) for _ in range(jobs))
        scheduled = path.stat().st_size / jobs  # closed: the WAL is in the file
        with adc.SqliteQueue.open(path) as queue:
            adc.JobRunner(queue, router, concurrency=50).run_until_idle()
        print(
            f"bytes a job, payload of {len(PAYLOAD)}: {scheduled:.0f} scheduled, {path.stat().st_size / jobs:.0f} done"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    for durability in ("normal", "full"):
        measure(durability, chosen.jobs, chosen.rounds)
    bytes_a_job(chosen.jobs)


if __name__ == "__main__":
    main()
