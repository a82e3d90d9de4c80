"""Herd: many processes on one file: idle runners cost next to nothing; claims and writes are shared fairly.

python -m tests.faults.herd [idle] [claims] [writes] [--seconds 20]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from signal import SIGTERM
from typing import Final

import apsw

import adc
from adc.core.events import JobStarted
from adc.core.transition import Recorded
from tests.faults.counting import Counting, options
from tests.faults.forked import Notes, cpu_seconds, exit_code, lines_of, together

NOTHING: Final = adc.JobKind("nothing", str)
"""Its payload is the file in which its handler notes that it ran."""

IDLE_RUNNERS: Final = 64
MOST_PERCENT: Final = 5.0
"""Of a core, for all idle runners together."""
SETTLING_SECONDS: Final = 5

CLAIMERS: Final = 8
BACKLOG: Final = 20_000
LEAST_SHARE: Final = 0.25
"""Of the median."""

WRITERS: Final = 8
WRITING_SECONDS: Final = 5.0
LONGEST_WAIT: Final = 1.0
"""In seconds, for all but a thousandth of the writes."""

router = adc.RunnerRouter()


@router.handles(NOTHING)
def note(job: adc.Job[str]) -> None:
    Notes.add(Path(job.payload), job.jid, os.getpid())


@dataclass
class Found:
    """What was measured, and what isn't as it must be."""

    said: str
    figures: dict[str, float]
    wrong: list[str] = field(default_factory=list)

    def must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.wrong.append(otherwise)


# -- idle runners ------------------------------------------------------------------------------------------------------


def rest(database: Path, began: Path) -> None:
    with adc.SqliteQueue.open(database) as queue:
        runner = adc.JobRunner(queue, router)
        Notes.add(began, os.getpid())
        runner.run(timedelta(seconds=1))


def idle(folder: Path, seconds: float) -> Found:
    """What 64 runners cost that wait for 100 jobs of tomorrow, and whether they write."""
    database, began = folder / "idle.db", folder / "began"
    with adc.SqliteQueue.open(database) as queue:
        queue.schedule_many(NOTHING.new("").after(timedelta(days=1)) for _ in range(100))
    with together([lambda: rest(database, began)] * IDLE_RUNNERS) as pids:
        while len(lines_of(began)) < IDLE_RUNNERS:
            time.sleep(0.1)
        time.sleep(SETTLING_SECONDS)  # they enrol, and rest for the first time
        with closing(apsw.Connection(str(database), apsw.SQLITE_OPEN_READONLY)) as connection:
            before, cost_before, started = traces(connection, database), cost_of(pids), time.monotonic()
            time.sleep(seconds)
            cost, took, after = cost_of(pids) - cost_before, time.monotonic() - started, traces(connection, database)
        for pid in pids:
            os.kill(pid, SIGTERM)
        codes = set(map(exit_code, pids))
    percent = 100 * cost / took
    found = Found(
        f"{IDLE_RUNNERS} idle runners cost {percent:.1f}% of a core together, and wrote nothing",
        {"idle runners": IDLE_RUNNERS, "percent of a core, all of them": round(percent, 1)},
    )
    found.must(percent < MOST_PERCENT, f"they cost {percent:.1f}% of a core, not less than {MOST_PERCENT}%")
    found.must(before == after, f"they wrote: {before} became {after}")
    found.must(codes == {0}, f"they ended with {codes}")
    return found


def cost_of(pids: Sequence[int]) -> float:
    return sum(map(cpu_seconds, pids))


def traces(connection: apsw.Connection, database: Path) -> tuple[object, int]:
    """What changes when anybody commits: SQLite's own number, and the size of the -wal."""
    return connection.pragma("data_version"), Path(f"{database}-wal").stat().st_size


# -- claims ------------------------------------------------------------------------------------------------------------


def drain(database: Path, gate: int) -> None:
    with adc.SqliteQueue.open(database) as queue:
        runner = adc.JobRunner(queue, router)
        os.read(gate, 1)  # until it is opened, for all of them
        runner.run_until_idle()


def claims(folder: Path) -> Found:
    """Whether 8 processes that claim from one backlog run each job once, and what each of them gets."""
    database, ran = folder / "claims.db", folder / "ran"
    with adc.SqliteQueue.open(database) as queue:
        jids = queue.schedule_many(NOTHING.new(str(ran)) for _ in range(BACKLOG))
    took, codes = at_once([lambda gate: drain(database, gate)] * CLAIMERS)
    runs = Counter(jid for jid, _ in lines_of(ran))
    with adc.SqliteQueue.open(database) as queue:
        log = queue.store.events(0, 10 * BACKLOG)
        done, wrong = queue.counts()["done"], tuple(queue.verify())
    started = Counter(
        each.event.runner for each in log if isinstance(each, Recorded) and isinstance(each.event, JobStarted)
    )
    shares = [*sorted(started.values(), reverse=True), *[0] * (CLAIMERS - len(started))]
    share = shares[-1] / statistics.median(shares)
    found = Found(
        f"{CLAIMERS} processes ran {BACKLOG} jobs in {took:.1f} s, and got {shares}: "
        f"the least is {share:.2f} of the median",
        {"claimed by 8 processes": BACKLOG, "least share of the median": round(share, 2)},
    )
    found.must(share >= LEAST_SHARE, f"the least share is {share:.2f} of the median, not {LEAST_SHARE}")
    found.must(runs == Counter(jids), f"of {BACKLOG} jobs {len(runs)} ran, {sum(runs.values())} times in all")
    found.must(done == BACKLOG and not wrong, f"{done} jobs are done; verify told {wrong}")
    found.must(codes == {0}, f"they ended with {codes}")
    return found


def at_once(bodies: Sequence[Callable[[int], object]]) -> tuple[float, set[int]]:
    """Run these in processes that all wait at one gate until it is opened: how long it took, and how they ended."""
    gate, key = os.pipe()

    def waiting(body: Callable[[int], object]) -> Callable[[], object]:
        def wait() -> None:
            os.close(key)
            body(gate)

        return wait

    with together(list(map(waiting, bodies))) as pids:
        time.sleep(1)  # they open the file
        began = time.monotonic()
        os.close(key)
        codes = set(map(exit_code, pids))
        took = time.monotonic() - began
    os.close(gate)
    return took, codes


# -- writes ------------------------------------------------------------------------------------------------------------


def write(database: Path, waits: Path, gate: int) -> None:
    """Schedule one job after another, and note how long each took, in microseconds."""
    took: list[int] = []
    with adc.SqliteQueue.open(database) as queue:
        os.read(gate, 1)
        until = time.monotonic() + WRITING_SECONDS
        while (began := time.monotonic()) < until:
            queue.schedule(NOTHING.new(""))
            took.append(round(1e6 * (time.monotonic() - began)))
    Notes.add(waits, *took)


def writes(folder: Path) -> Found:
    """How many jobs each of 8 processes schedules in the same 5 seconds, and how long they wait."""
    database, waits = folder / "writes.db", folder / "waits"
    adc.SqliteQueue.open(database).close()
    _, codes = at_once([lambda gate: write(database, waits, gate)] * WRITERS)
    each = [list(map(int, line)) for line in lines_of(waits)]
    commits, took = sorted(map(len, each), reverse=True), sorted(wait / 1e6 for line in each for wait in line)
    longest, most = took[-1], took[int(len(took) * 0.999)]
    found = Found(
        f"{WRITERS} writers made {commits} commits in {WRITING_SECONDS:.0f} s; "
        f"p50 {took[len(took) // 2]:.4f} s, p99.9 {most:.3f} s, longest {longest:.3f} s",
        {"commits of 8 writers": sum(commits), "p99.9 of their waits in s": round(most, 3)},
    )
    found.must(most < LONGEST_WAIT, f"p99.9 of the waits is {most:.3f} s, not less than {LONGEST_WAIT} s")
    found.must(codes == {0}, f"they ended with {codes}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--seconds", type=float, default=20.0)
    options(parser)
    chosen = parser.parse_args()
    parts: dict[str, Callable[[Path], Found]] = {
        "idle": lambda folder: idle(folder, chosen.seconds),
        "claims": claims,
        "writes": writes,
    }
    counting = Counting("herd", chosen.seed)
    for part in chosen.parts or parts:
        with tempfile.TemporaryDirectory() as folder:
            found = parts[part](Path(folder))
        print(f"{part}: {found.said}", flush=True)
        counting.count_all(found.figures)
        counting.wrong(f"{part}: {each}" for each in found.wrong)
    return counting.end(chosen.json, " ".join(chosen.parts), figures=False)


if __name__ == "__main__":
    sys.exit(main())
