"""Costed: a process that does one thing to many jobs, so that others can look at it from outside.

python -m tests.benchmarks.costed drain|schedule|bulk full|normal JOBS THREADS [statements]
"""

import gc
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from tests.benchmarks.systems.protocol import PAYLOAD, nothing
from tests.benchmarks.systems.with_adc import Adc


class Statements:
    """How often each statement ran, and how many nanoseconds SQLite took for it."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.nanoseconds: Counter[str] = Counter()

    def watch(self, connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, self._ended)

    def told(self) -> dict[str, tuple[int, int]]:
        return {sql: (count, self.nanoseconds[sql]) for sql, count in self.counts.items()}

    def _ended(self, event: dict[str, Any]) -> None:
        sql = " ".join(str(event["sql"]).split())
        self.counts[sql] += 1
        self.nanoseconds[sql] += int(event["nanoseconds"])


def work(opened: Adc, what: str, jobs: int, threads: int) -> Callable[[], None]:
    """What is measured; what must be there before is made now."""

    def schedule() -> None:
        for _ in range(jobs):
            opened.put(PAYLOAD)

    def bulk() -> None:
        for _ in range(0, jobs, 1_000):
            opened.put_many([PAYLOAD] * 1_000)

    if what == "drain":
        bulk()
        return lambda: opened.drain_with(nothing, threads)
    return schedule if what == "schedule" else bulk


def main() -> None:
    what, durability, jobs, threads, *traced = sys.argv[1:]
    statements = Statements()
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Adc(Path(folder), "full" if durability == "full" else "normal")) as opened,
    ):
        do = work(opened, what, int(jobs), int(threads))
        if traced:
            for each in gc.get_objects():
                if isinstance(each, apsw.Connection):
                    statements.watch(each)
        began = time.perf_counter()
        do()
        seconds = time.perf_counter() - began
        told = statements.told()
    print(json.dumps({"seconds": seconds, "statements": told}))


if __name__ == "__main__":
    main()
