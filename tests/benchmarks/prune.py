"""Measure prune: events a second, with and without an archive, and how long others wait for it meanwhile.

python -m tests.benchmarks.prune [--events 300000] [--payload 200]
"""

import argparse
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import adc
from tests.benchmarks.verify import make

INVOICE: Final = adc.JobKind("other", bytes)


def waits(path: Path, over: threading.Event, took: list[float]) -> None:
    """Schedule, claim and complete jobs, as fast as that goes: a transaction each."""
    with adc.SqliteQueue.open(path) as queue:
        while not over.is_set():
            for work in (lambda: queue.schedule(INVOICE.new(b"")), lambda: _run(queue)):
                began = time.perf_counter()
                work()
                took.append(time.perf_counter() - began)
            over.wait(0.005)


def _run(queue: adc.SqliteQueue) -> None:
    claimed = queue.poll_next(INVOICE)
    if claimed is not None:
        claimed.complete(None)


def measure(path: Path, archive: Path | None) -> None:
    before = path.stat().st_size
    over, took = threading.Event(), list[float]()
    beside = threading.Thread(target=waits, args=(path, over, took))
    with adc.SqliteQueue.open(path) as queue:
        beside.start()
        began = time.perf_counter()
        count = queue.prune(done_before=datetime.fromtimestamp(1_900_000_000, UTC), archive=archive)
        seconds = time.perf_counter() - began
        over.set()
        beside.join()
        assert list(queue.verify()) == []
    name = "without an archive" if archive is None else "into an archive"
    print(f"{name}: {count.events:,} events of {count.jobs:,} jobs in {seconds:.1f} s: {count.events / seconds:,.0f}/s")
    took.sort()
    shown = ", ".join(f"p{share} {took[len(took) * share // 100] * 1e3:.1f} ms" for share in (50, 99))
    print(f"  {len(took)} changes of a program beside it: {shown}, at most {took[-1] * 1e3:.1f} ms")
    print(f"  the file: {before / 1e6:,.0f} MB before, {path.stat().st_size / 1e6:,.0f} MB after")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--payload", type=int, default=200, help="bytes of each payload and result")
    chosen = parser.parse_args()
    for archived in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "jobs.db"
            make(path, chosen.events, b"x" * chosen.payload, "time")
            measure(path, Path(folder) / "old.db" if archived else None)


if __name__ == "__main__":
    main()
