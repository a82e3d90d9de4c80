"""Tell what one job costs: microseconds by part, statements, and how often it waits for the disk.

python -m tests.benchmarks.costs [drain|schedule|bulk] [--jobs 10000] [--threads 10] [--durability normal]

The time of each statement is SQLite's own word, whose clock has milliseconds: so it is as good as a sample. That of
Python is what py-spy sees of threads that hold the interpreter's lock. Each is found in a run of its own, since looking
costs time; the plain run is the one that counts.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from adc.stores.sqlite import queries

RATE: Final = 500
"""Samples a second."""
PARTS: Final = {
    "adc/core": "core: decide, evolve",
    "adc/codec": "codec: events, payloads, digests",
    "adc/handling": "handling: the attempt",
    "adc/running": "running: the loop",
    "adc/drivers": "drivers: hand-off",
    "adc/stores": "store: rows, statements, and SQLite while it holds the lock",
    "adc/system": "system: clock, chance, ids",
    "adc/": "the rest of adc: claiming, shell, scheduling, kinds",
}
NAMES: Final = {" ".join(sql.split()): name for name, sql in vars(queries).items() if isinstance(sql, str)}
"""Those of `queries.py`, by statement."""
MEASURED: Final = ("drain_with", "schedule (", "bulk (", "_work", "_one")
"""Functions below which a sample belongs to what is measured, and not to what was made before it."""


class Told(Struct):
    """What the costed process tells."""

    seconds: float
    statements: dict[str, tuple[int, int]]


def run(before: Sequence[str], arguments: Sequence[str]) -> tuple[Told, str]:
    """The costed process under a looker-on, and what that one prints."""
    command = [*before, sys.executable, "-m", "tests.benchmarks.costed", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    return msgspec.json.decode(next(line for line in lines if line.startswith("{")), type=Told), done.stderr


def statements(arguments: Sequence[str], jobs: int) -> Iterator[str]:
    """By statement, the dearest first."""
    told, _ = run((), (*arguments, "statements"))
    found = sorted(told.statements.items(), key=lambda each: -each[1][1])
    yield f"{'us a job':>9} {'times a job':>12}  statement"
    for sql, (count, nanoseconds) in found:
        yield f"{nanoseconds / 1000 / jobs:9.2f} {count / jobs:12.3f}  {NAMES.get(sql, sql[:80])}"
    count, total = (sum(each[place] for each in told.statements.values()) for place in (0, 1))
    yield f"{total / 1000 / jobs:9.2f} {count / jobs:12.3f}  all of SQLite"


def parts(arguments: Sequence[str], jobs: int) -> Iterator[str]:
    """By part of adc, of threads that hold the interpreter's lock."""
    spy = Path(sys.executable).parent / "py-spy"
    if not spy.exists():
        yield "py-spy isn't installed: pip install -e '.[bench]'"
        return
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "samples"
        run((str(spy), "record", "--gil", "-r", str(RATE), "-f", "raw", "-o", str(out), "--"), arguments)
        samples = [line.rsplit(" ", 1) for line in out.read_text().splitlines()]
    counted: Counter[str] = Counter()
    for stack, times in samples:
        if any(name in stack for name in MEASURED):
            counted[_part(stack.split(";"))] += int(times)
    yield f"{'us a job':>9}  part"
    for part, count in counted.most_common():
        yield f"{count / RATE * 1e6 / jobs:9.2f}  {part}"
    yield f"{counted.total() / RATE * 1e6 / jobs:9.2f}  all that held the lock"


def syncs(arguments: Sequence[str], jobs: int) -> str:
    """How often a job waits for the disk."""
    if shutil.which("strace") is None:
        return "strace isn't installed: fsyncs aren't counted"
    _, printed = run(("strace", "-f", "-c", "-e", "trace=fsync,fdatasync"), arguments)
    counts = [int(line.split()[3]) for line in printed.splitlines() if line.endswith(("fsync", "fdatasync"))]
    return f"{sum(counts) / jobs:.3f} fsyncs a job, those of opening, making jobs and closing among them"


def _part(stack: Sequence[str]) -> str:
    """That of the innermost frame of adc; what it calls, such as msgspec or apsw, is its own."""
    for frame in reversed(stack):
        for place, part in PARTS.items():
            if place in frame:
                return part
    return "threads, queues and the rest of Python"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("drain", "schedule", "bulk"), default="drain")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=10)
    parser.add_argument("--durability", choices=("normal", "full"), default="normal")
    chosen = parser.parse_args()
    arguments = (chosen.what, chosen.durability, str(chosen.jobs), str(chosen.threads))
    told, _ = run((), arguments)
    with_threads = f", {chosen.threads} threads" if chosen.what == "drain" else ""
    print(f"{chosen.what} ({chosen.durability}, {chosen.jobs:,} jobs{with_threads}):", end=" ")
    print(f"{told.seconds * 1e6 / chosen.jobs:.1f} us a job, {chosen.jobs / told.seconds:,.0f} jobs/s\n")
    print("\n".join(statements(arguments, chosen.jobs)), end="\n\n")
    print("\n".join(parts(arguments, chosen.jobs)), end="\n\n")
    print(syncs(arguments, chosen.jobs))


if __name__ == "__main__":
    main()
