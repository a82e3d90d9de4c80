"""Cramped: a queue and its runner where room, or permission, goes and comes back.

python -m tests.faults.cramped WAY FOLDER

It prints nothing and ends with 0 if nothing was lost, each trouble had its type, and all went on by itself.
"""

import os
import resource
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Final

import adc

KIND: Final = adc.JobKind("k", str, result=str)
LARGE: Final = "x" * 20_000
JOBS: Final = 10
NOBODY: Final = 65534


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


def cramped(folder: Path, take: Callable[[], object], give_back: Callable[[], object]) -> None:
    """Schedule until there is no room, and again when there is; then run all of it, with no room in between."""
    path = folder / "q.db"
    with adc.SqliteQueue.open(path, busy_timeout=timedelta(seconds=1)) as queue:
        acknowledged = [queue.schedule(KIND.new("first"))]
        take()
        refused = KIND.new(LARGE)
        try:
            while True:
                acknowledged.append(queue.schedule(refused))
                refused = KIND.new(LARGE)
        except adc.StoreFull as full:
            assert "Nothing was committed. Make room" in str(full), full
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


def limited(folder: Path) -> None:
    """The largest size of a file is limited."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)

    def take() -> None:
        size = max(each.stat().st_size for each in folder.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10_000, most))

    cramped(folder, take, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))


def small(folder: Path) -> None:
    """The folder is a small file system of its own, which another file fills."""
    ballast = folder / "ballast"

    def take() -> None:
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    cramped(folder, take, ballast.unlink)


def read_only(folder: Path) -> None:
    """The file may be read only, and then be written again."""
    os.chown(folder, NOBODY, NOBODY)
    import_module("adc.stores.sqlite.verifying")  # now: nobody may not be able to read the code
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    path = folder / "q.db"
    with adc.SqliteQueue.open(path) as queue:
        queue.schedule(KIND.new("first"))
    path.chmod(0o444)
    with adc.SqliteQueue.open(path) as queue:
        try:
            queue.schedule(KIND.new("second"))
        except adc.StoreReadOnly as trouble:
            assert "Nothing was committed" in str(trouble), trouble
        else:
            raise AssertionError("it was written")
        for each in folder.iterdir():  # -wal and -shm were made like it
            each.chmod(0o644)
        queue.schedule(KIND.new("second"))
        assert queue.counts()["scheduled"] == 2
        assert list(queue.verify()) == []


WAYS: Final[dict[str, Callable[[Path], None]]] = {"limited": limited, "small": small, "read only": read_only}

if __name__ == "__main__":
    WAYS[sys.argv[1]](Path(sys.argv[2]))
