"""Measure claiming beside a long log: jobs a second in a file with so many events, and in an empty one, interleaved.

python -m tests.benchmarks.big_log [--events 10000000] [--jobs 1000] [--rounds 5]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import adc
from adc.codec.events import body_of, digest, encode_event
from adc.codec.timed import without_time
from adc.core.events import JobDone, JobScheduled, JobStarted
from adc.core.ids import encode_xid
from adc.core.instants import Span
from adc.core.terms import Terms
from adc.stores.sqlite import queries
from adc.stores.sqlite.opening import open_connection
from adc.stores.sqlite.rows import Row
from adc.testing.samples import RUNNER
from tests.benchmarks.verify import ACTOR, NOW

OLD: Final = adc.JobKind("old", bytes)
INVOICE: Final = adc.JobKind("invoice", bytes)
A_TRANSACTION: Final = 300_000
PAYLOAD: Final = b"x" * 100

router = adc.RunnerRouter()


@router.handles(INVOICE)
def nothing(job: adc.Job[bytes]) -> None:
    """A job that costs nothing, so that all of its cost is adc's."""


def log(events: int) -> Iterator[Row]:
    """Rows of the log: jobs that are done, each scheduled, started and completed before the next one."""
    terms, result = Terms(OLD.name, body_of(PAYLOAD)), body_of(b"null")
    life = (
        (JobScheduled(NOW, terms, NOW), PAYLOAD, OLD.name),
        (JobStarted(NOW, 1, RUNNER), None, None),
        (JobDone(NOW, 1, result), b"null", None),
    )
    stored = [(type(event).__name__, encode_event(event), body, kind) for event, body, kind in life]
    for number in range(events // 3):
        jid = encode_xid((NOW // 1_000_000 + number // 500).to_bytes(4) + number.to_bytes(8))
        head = b""
        for version, (name, said, body, kind) in enumerate(stored, 1):
            head = digest(head, jid, version, name, 1, ACTOR, None, said)
            seq = 3 * number + version
            yield (seq, jid, version, NOW, name, 1, ACTOR, None, without_time(said), body, kind, None, head)


def make(path: Path, events: int) -> None:
    """A file with so many events, or a few fewer."""
    connection = open_connection(str(path), "normal", Span(0))
    rows = log(events)
    for _ in range(0, events, A_TRANSACTION):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(queries.APPEND, islice(rows, A_TRANSACTION))
        connection.execute("COMMIT")
    connection.close()


def polled(queue: adc.SqliteQueue) -> None:
    """One job a transaction."""
    while (claimed := queue.poll_next(INVOICE)) is not None:
        claimed.complete(None)


def drained(queue: adc.SqliteQueue) -> None:
    """As a runner does it."""
    adc.JobRunner(queue, router, concurrency=10).run_until_idle()


def timed(path: Path, jobs: int, work: Callable[[adc.SqliteQueue], None]) -> float:
    with adc.SqliteQueue.open(path, durability="normal") as queue:
        queue.schedule_many(INVOICE.new(PAYLOAD) for _ in range(jobs))
        began = time.perf_counter()
        work(queue)
        return time.perf_counter() - began


def compare(big: Path, folder: Path, jobs: int, rounds: int) -> None:
    for name, work in {"poll_next and complete": polled, "a runner of 10": drained}.items():
        took: dict[str, list[float]] = {"empty": [], "big": []}
        for each in range(rounds + 1):
            for which, path in (("empty", folder / f"{work.__name__}-{each}.db"), ("big", big)):
                took[which].append(timed(path, jobs, work))
        empty, there = (statistics.median(seconds[1:]) for seconds in took.values())
        print(
            f"{name}: {jobs / empty:,.0f} jobs/s in an empty file, {jobs / there:,.0f} in the big one: "
            f"{there / empty:.2f} x the time (median of {rounds}; the first in the big file: {took['big'][0]:.2f} s)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        big = Path(folder) / "big.db"
        began = time.perf_counter()
        make(big, chosen.events)
        took = time.perf_counter() - began
        print(f"{chosen.events:,} events, {big.stat().st_size / 1e6:,.0f} MB, made in {took:.0f} s")
        compare(big, Path(folder), chosen.jobs, chosen.rounds)


if __name__ == "__main__":
    main()
