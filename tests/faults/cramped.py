"""Cramped: a queue and its runner where room, or permission, goes and comes back.

python -m tests.faults.cramped [--seed 0] [--json FILE]
python -m tests.faults.cramped --case WAY:SIZE

Each case is a process of its own. It prints nothing and ends with 0 if nothing was lost, each trouble had its type, and
all went on by itself.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

from typing_extensions import override

import adc
from adc.stores.sqlite.store import SqliteStore
from tests.faults.counting import Counting, options
from tests.faults.whence import ROOT

KIND: Final = adc.JobKind("k", str, result=str)
LARGE: Final = "x" * 20_000
JOBS: Final = 10
NOBODY: Final = 65534
CYCLES: Final = 5
MANY: Final = 1 << 30
BALLAST: Final = "ballast"
LIMIT: Final = 60
"""In seconds, for each case."""


class Runs:
    """A runner that is in trouble as soon as it has jobs, until it has told of that twice."""

    def __init__(self, queue: adc.SqliteQueue, take: Callable[[], object], give_back: Callable[[], object]) -> None:
        self.router = adc.RunnerRouter()
        self.router.handles(KIND)(self.handle)
        self.runner = adc.JobRunner(queue, self.router, listener=self.tell, concurrency=3)
        self.take, self.give_back = take, give_back
        self.ran: Counter[str] = Counter()
        self.troubles: list[str] = []

    def handle(self, job: adc.Job[str]) -> str:
        if not self.ran:
            self.take()
        self.ran[job.jid] += 1
        return LARGE

    def tell(self, event: adc.RunnerEvent) -> None:
        if isinstance(event, adc.StoreTroubled):
            self.troubles.append(event.problem)
            if len(self.troubles) == 2:
                self.give_back()


def refused_by(queue: adc.SqliteQueue, acknowledged: list[adc.Xid]) -> adc.NewJob[str]:
    """Schedule until there is no room: the job for which there was none."""
    while True:
        job = KIND.new(LARGE)
        try:
            acknowledged.append(queue.schedule(job))
        except adc.StoreFull as full:
            assert "Nothing was committed. Make room" in str(full), full
            return job


def cramped(folder: Path, take: Callable[[], object], give_back: Callable[[], object]) -> None:
    """Schedule until there is no room, and again when there is; then run all of it, with no room in between."""
    path = folder / "q.db"
    with adc.SqliteQueue.open(path, busy_timeout=timedelta(seconds=1)) as queue:
        acknowledged = [queue.schedule(KIND.new("first"))]
        take()
        refused = refused_by(queue, acknowledged)
        assert sum(queue.counts().values()) == len(acknowledged)
        give_back()
        acknowledged.append(queue.schedule(refused))
        assert list(queue.verify()) == []
        assert {row.jid for row in queue.look(limit=1_000)} == set(acknowledged)
    with adc.SqliteQueue.open(folder / "run.db") as queue:
        queue.schedule_many(KIND.new(f"{n}") for n in range(JOBS))
        runs = Runs(queue, take, give_back)
        runs.runner.run_until_empty()
        assert len(runs.troubles) >= 2, runs.troubles
        assert runs.ran.total() == len(runs.ran) == JOBS, runs.ran
        assert queue.counts()["done"] == JOBS, queue.counts()
        assert list(queue.verify()) == []


def cycles(folder: Path, take: Callable[[], object], give_back: Callable[[], object]) -> None:
    """Full, and not, and full: what runs meanwhile is told to be done later, and is done then, once."""
    with adc.SqliteQueue.open(folder / "cycles.db", busy_timeout=timedelta(seconds=1)) as queue:
        for number in range(CYCLES):
            queue.schedule(KIND.new(f"{number}"))
            claimed = queue.poll_next(KIND)
            assert claimed is not None
            take()
            try:
                while True:
                    queue.schedule(KIND.new(LARGE))
            except adc.StoreFull:
                pass
            try:
                claimed.complete(LARGE)
            except adc.StoreFull as full:
                assert "Nothing was committed" in str(full), full
                give_back()
                claimed.complete(LARGE)
            else:
                give_back()
            for row in queue.look(state="scheduled", limit=1_000):
                queue.cancel_job(row.jid)
            assert queue.counts()["done"] == number + 1, queue.counts()
        assert list(queue.verify()) == []


def limit(size: int) -> None:
    """Of each file of this process."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most if size < 0 else size, most))


def limited(folder: Path, size: int) -> None:
    """The largest size of a file is limited."""
    cramped(folder, lambda: limit(largest(folder) + size), lambda: limit(-1))


def limited_cycles(folder: Path, size: int) -> None:
    cycles(folder, lambda: limit(largest(folder) + size), lambda: limit(-1))


def limited_open(folder: Path, size: int) -> None:
    """There is no room for a new file."""
    opens(folder, lambda: limit(size), lambda: limit(-1))


def largest(folder: Path) -> int:
    return max((each.stat().st_size for each in folder.iterdir()), default=0)


def opens(folder: Path, take: Callable[[], object], give_back: Callable[[], object]) -> None:
    """What can't be opened for lack of room says so, and can be opened when there is room."""
    take()
    try:
        with adc.SqliteQueue.open(folder / "q.db") as queue:
            queue.schedule_many(KIND.new(LARGE) for _ in range(100))
    except adc.StoreFull:
        give_back()
    else:
        raise AssertionError("there was room")
    with adc.SqliteQueue.open(folder / "q.db") as queue:
        assert sum(queue.counts().values()) == 0
        queue.schedule(KIND.new("first"))
        assert queue.counts()["scheduled"] == 1
        assert list(queue.verify()) == []


def few_pages(folder: Path, size: int) -> None:
    """SQLite's own limit: the file may have only so many pages more."""
    with adc.SqliteQueue.open(folder / "q.db") as queue:
        assert isinstance(queue.store, SqliteStore)
        connection = queue.store._connection
        connection.authorizer = None  # adc's lets nobody change that
        acknowledged = [queue.schedule(KIND.new("first"))]
        pages = connection.pragma("page_count")
        assert isinstance(pages, int)
        connection.pragma("max_page_count", pages + size)
        refused = refused_by(queue, acknowledged)
        assert {row.jid for row in queue.look(limit=1_000)} == set(acknowledged)
        connection.pragma("max_page_count", MANY)
        queue.schedule(refused)
        assert sum(queue.counts().values()) == len(acknowledged) + 1
        assert list(queue.verify()) == []


def fill(folder: Path) -> None:
    """Another file has all that is left."""
    with (folder / BALLAST).open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def small(folder: Path, size: int) -> None:
    """The folder is a small file system of its own, which another file fills."""
    cramped(folder, lambda: fill(folder), (folder / BALLAST).unlink)


def small_cycles(folder: Path, size: int) -> None:
    cycles(folder, lambda: fill(folder), (folder / BALLAST).unlink)


def small_open(folder: Path, size: int) -> None:
    opens(folder, lambda: fill(folder), (folder / BALLAST).unlink)


def become_nobody(folder: Path) -> None:
    """Root may do all."""
    os.chown(folder, NOBODY, NOBODY)
    import_module("adc.stores.sqlite.verifying")  # now: nobody may not be able to read the code
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def read_only(folder: Path, size: int) -> None:
    """The file may be read only, and then be written again."""
    become_nobody(folder)
    path = folder / "q.db"
    with adc.SqliteQueue.open(path) as queue:
        queue.schedule(KIND.new("first"))
    path.chmod(0o444)
    with adc.SqliteQueue.open(path) as queue:
        refused(queue)
        for each in folder.iterdir():  # -wal and -shm were made like it
            each.chmod(0o644)
        queue.schedule(KIND.new("second"))
        assert queue.counts()["scheduled"] == 2
        assert list(queue.verify()) == []


def refused(queue: adc.SqliteQueue) -> None:
    try:
        queue.schedule(KIND.new("second"))
    except adc.StoreReadOnly as trouble:
        assert "Nothing was committed" in str(trouble), trouble
    else:
        raise AssertionError("it was written")


def read_only_folder(folder: Path, size: int) -> None:
    """Nothing may be made in the folder: no -wal, so that the file can't be written; or no file at all."""
    become_nobody(folder)
    if size:
        with adc.SqliteQueue.open(folder / "q.db") as queue:
            queue.schedule_many(KIND.new("first") for _ in range(size))
    before = sorted(each.name for each in folder.iterdir())
    folder.chmod(0o555)
    try:
        with adc.SqliteQueue.open(folder / "q.db") as queue:
            queue.schedule(KIND.new("second"))
    except (adc.StoreReadOnly, adc.CannotOpen):
        pass
    else:
        raise AssertionError("it was written")
    assert sorted(each.name for each in folder.iterdir()) == before
    folder.chmod(0o755)
    with adc.SqliteQueue.open(folder / "q.db") as queue:
        queue.schedule(KIND.new("second"))
        assert queue.counts()["scheduled"] == size + 1
        assert list(queue.verify()) == []


WAYS: Final[dict[str, Callable[[Path, int], None]]] = {
    "limited": limited,
    "limited cycles": limited_cycles,
    "limited open": limited_open,
    "pages": few_pages,
    "small": small,
    "small cycles": small_cycles,
    "small open": small_open,
    "read only": read_only,
    "read only folder": read_only_folder,
}
"""What is done, with a number."""
MOUNTED: Final = frozenset({"small", "small cycles", "small open"})
"""Their number is kB of the file system."""
OF_ROOT: Final = frozenset({"read only", "read only folder"})


class Case(NamedTuple):
    """One way, with its number: bytes that there still are, or pages, or kB of a disk, or jobs in the file."""

    way: str
    size: int

    @override
    def __str__(self) -> str:
        return f"{self.way}:{self.size}"


LIMITS: Final = (0, 1, 24, 512, 4_095, 4_096, 4_120, 8_240, 10_000, 16_480, 30_000, 50_000, 65_536, 100_000, 130_000)
CASES: Final = (
    *(Case("limited", size) for size in LIMITS),
    *(Case("limited cycles", size) for size in LIMITS[::2]),
    *(Case("limited open", size) for size in (0, 1, 100, 4_096, 4_128, 8_192, 20_000, 40_000, 100_000)),
    *(Case("pages", size) for size in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55)),
    *(Case("small", size) for size in (1_400, 1_500, 1_700, 2_000, 3_000, 5_000)),
    *(Case("small cycles", size) for size in (1_500, 2_000, 3_000, 5_000)),
    *(Case("small open", size) for size in (1_400, 1_500, 2_000, 3_000)),
    Case("read only", 0),
    *(Case("read only folder", size) for size in (0, 1, 100)),
)


class Unable(Exception):
    """This machine hasn't got what a case needs."""


@contextmanager
def place_of(case: Case) -> Iterator[Path]:
    """A folder for it: an empty one, where all may go, or a small disk."""
    if case.way in MOUNTED | OF_ROOT and os.geteuid() != 0:
        raise Unable("only root may mount, and become somebody else")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        if case.way not in MOUNTED:
            yield Path(folder)
            return
        mount = ["mount", "-t", "tmpfs", "-o", f"size={case.size}k,mode=755", "tmpfs", folder]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            raise Unable("this root may not mount")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def problem_of(case: Case) -> str:
    """What went wrong in it, in its own process; empty: nothing."""
    with place_of(case) as folder:
        command = [sys.executable, "-m", "tests.faults.cramped", "--within", str(folder), "--case", str(case)]
        try:
            ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return f"it took more than {LIMIT} s"
    if (ended.returncode, ended.stdout, ended.stderr) == (0, "", ""):
        return ""
    return f"it ended with {ended.returncode}: {ended.stdout}{ended.stderr[-600:]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", metavar="WAY:SIZE", help="only this one")
    parser.add_argument("--within", type=Path, help=argparse.SUPPRESS)
    options(parser)
    chosen = parser.parse_args()
    cases: tuple[Case, ...] = CASES
    if chosen.case is not None:
        way, _, size = chosen.case.partition(":")
        cases = (Case(way, int(size)),)
    if chosen.within is not None:
        WAYS[cases[0].way](chosen.within, cases[0].size)
        return 0
    counting = Counting("cramped", chosen.seed)
    for case in cases:
        try:
            problem = problem_of(case)
        except Unable as unable:
            counting.missing.append(f"{case}: {unable}")
            continue
        counting.count("cases")
        counting.count(case.way)
        counting.wrong([f"{case}: {problem}"] if problem else [])
    return counting.end(chosen.json, "--case WAY:SIZE, as it says")


if __name__ == "__main__":
    sys.exit(main())
