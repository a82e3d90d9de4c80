"""Nth call: each thing that SQLite asks of the system, in each public operation, fails in each way; nothing is lost.

python -m tests.faults.nth_call [--operations NAME ...] [--share 0.25] [--seed 0] [--json FILE]
python -m tests.faults.nth_call --point OPERATION:KIND:LASTING:AT
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import apsw
from typing_extensions import override

import adc
from adc.core.events import JobDone
from adc.ports.trouble import NotCommitted, OutcomeUnknown
from adc.stores.sqlite.troubles import trouble_of
from adc.stores.sqlite.verifying import verify_file
from tests.elsewhere import copied_folder
from tests.faults.counting import Counting, options
from tests.faults.failing_disk import KINDS, Fault, Lasting, failing_disk
from tests.faults.whence import memory

KIND: Final = adc.JobKind("k", str, result=str, retry=adc.exponential(max_retries=2))
DATABASE: Final = "q.db"
MOMENT: Final = datetime(2040, 1, 1, tzinfo=UTC)
"""By then all is due, and all that is over is old."""
LASTINGS: Final[tuple[Lasting, ...]] = ("once", "a while", "for ever")
BUSY: Final = timedelta(milliseconds=2)
Digests: TypeAlias = dict[int, str]
"""The log: each event's digest, by its place."""
Doing: TypeAlias = Callable[[adc.SqliteQueue, Path], object]


def open_in(folder: Path) -> adc.SqliteQueue:
    return adc.SqliteQueue.open(folder / DATABASE, busy_timeout=BUSY, actor="test")


def first_of(queue: adc.SqliteQueue, state: adc.StateName) -> adc.Xid:
    return queue.look(state=state)[0].jid


def complete(queue: adc.SqliteQueue, folder: Path) -> None:
    claimed = queue.poll_next(KIND, at=MOMENT)
    if claimed is not None:
        claimed.complete("done")


def fail(queue: adc.SqliteQueue, folder: Path) -> None:
    claimed = queue.poll_next(KIND, at=MOMENT)
    if claimed is not None:
        claimed.fail(adc.Permanent("no"))


OPERATIONS: Final[dict[str, Doing]] = {
    "open": lambda queue, folder: open_in(folder).close(),
    "schedule": lambda queue, folder: queue.schedule(KIND.new("new")),
    "schedule_many": lambda queue, folder: queue.schedule_many(KIND.new("x" * 3_000, key=f"n{n}") for n in range(5)),
    "cancel": lambda queue, folder: queue.cancel_job(first_of(queue, "scheduled")),
    "reschedule": lambda queue, folder: queue.reschedule(first_of(queue, "scheduled"), priority=3),
    "unschedule": lambda queue, folder: queue.unschedule_job(KIND, first_of(queue, "scheduled")),
    "poll": lambda queue, folder: queue.poll_next(KIND, at=MOMENT),
    "complete": complete,
    "fail": fail,
    "redrive": lambda queue, folder: queue.redrive(first_of(queue, "dead")),
    "pause": lambda queue, folder: queue.pause("default"),
    "resume": lambda queue, folder: queue.resume("mail"),
    "erase": lambda queue, folder: queue.erase(first_of(queue, "done")),
    "prune": lambda queue, folder: queue.prune(done_before=MOMENT),
    "prune into an archive": lambda queue, folder: queue.prune(done_before=MOMENT, archive=folder / "old.db"),
    "verify": lambda queue, folder: list(queue.verify()),
    "backup": lambda queue, folder: queue.backup(folder / "backup.db"),
    "compact": lambda queue, folder: queue.compact(),
    "look": lambda queue, folder: queue.look(),
    "run": lambda queue, folder: Run(queue).run(),
}
ROUTER: Final = adc.RunnerRouter()


@ROUTER.handles(KIND)
def echo(job: adc.Job[str]) -> str:
    return job.payload


class Run:
    """A runner until all four jobs that wait are done. While it is in trouble the cause goes."""

    def __init__(self, queue: adc.SqliteQueue) -> None:
        self.runner = adc.JobRunner(queue, ROUTER, driver="inline", listener=self.tell)
        self.done = 0

    def run(self) -> None:
        self.runner.run(timedelta(milliseconds=2))

    def tell(self, event: adc.RunnerEvent) -> None:
        if isinstance(event, adc.StoreTroubled):
            HEALING[0].armed = False
        if isinstance(event, adc.Happened) and isinstance(event.event, JobDone):
            self.done += 1
            if self.done == WAITING:
                self.runner.stop()


WAITING: Final = 4
HEALING: Final = [Fault()]
"""What the runner's trouble comes from."""
SEVERAL: Final = frozenset({"prune", "prune into an archive", "run", "complete", "fail", "poll", "erase"})
"""Those that are more than one transaction: the first ones may be there when a later one isn't."""


TYPED: Final = (NotCommitted, OutcomeUnknown)
DAMAGE: Final = (adc.StoreTrouble, adc.VersionConflict, adc.UnreadableEvent, adc.ImpossibleHistory, LookupError)
"""What may be told of a file that a lying disk has damaged; LookupError: no job to do it with was found."""
PATIENT: Final = frozenset({"prune", "prune into an archive", "verify", "backup", "compact"})
"""Those that wait ten seconds for a lock."""


def prepare(folder: Path) -> None:
    """Jobs in every state."""
    with open_in(folder) as queue:
        queue.schedule_many(KIND.new(f"job {n}", key=f"k{n}") for n in range(8))
        for _ in range(2):
            complete(queue, folder)
        fail(queue, folder)
        queue.cancel_job(first_of(queue, "scheduled"))
        queue.pause("mail")
        large = queue.schedule(KIND.new("x" * 100_000))
        queue.cancel_job(large)
        queue.erase(large)  # pages are free then


@dataclass(frozen=True)
class Point:
    """Where it fails, and how."""

    operation: str
    kind: str
    lasting: Lasting
    at: int

    @property
    def lies(self) -> bool:
        """Whether the disk gives what isn't in the file, and SQLite can't know: it may write that back."""
        return self.kind == "SHORT_READ"

    @override
    def __str__(self) -> str:
        return f"{self.operation}:{self.kind}:{self.lasting}:{self.at}"


@dataclass
class Report:
    """What came of it, in figures, and what isn't as it must be."""

    points: int = 0
    hits: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass
class Examiner:
    """Tries points, each on a copy of the same file."""

    place: Path
    report: Report = field(default_factory=Report)
    answers: Counter[str] = field(default_factory=Counter)
    by_operation: Counter[str] = field(default_factory=Counter)
    damaged: int = 0
    """Files that verify told to be damaged, after the disk had given half of what was read."""

    def __post_init__(self) -> None:
        (self.place / "base").mkdir()
        prepare(self.place / "base")
        self.before = log_of(self.place / "base")

    def calls(self, operation: str) -> list[str]:
        """Those that it takes if none fails."""
        folder, fault = self.copy("base", "run"), Fault()
        HEALING[0] = fault
        with failing_disk(fault), open_in(folder) as queue:
            fault.arm()
            OPERATIONS[operation](queue, folder)
            fault.armed = False
        return fault.calls

    def copy(self, there: str, here: str) -> Path:
        folder = self.place / here
        copied_folder(self.place / there, folder)
        return folder

    def attempt(self, point: Point) -> bool:
        """Whether the fault was met."""
        folder, fault = self.copy("base", "run"), Fault(point.at, point.kind, point.lasting)
        HEALING[0] = fault
        raised: BaseException | None = None
        with failing_disk(fault):
            queue = open_in(folder)
            fault.arm()
            try:
                answer = OPERATIONS[point.operation](queue, folder)
                if isinstance(answer, adc.Failure):
                    raised = LookupError(answer)
            except Exception as error:  # noqa: BLE001  it is examined
                raised = without_apsw(error)
            fault.armed = False
            crashed = self.copy("run", "crashed")  # as a crash would leave it now
            self.judge(point, raised, crashed, "after a crash")
            more = self.goes_on(point, queue)
            queue.close()
        self.judge(point, raised, folder, "later", more)
        self.judge_backup(point, raised, folder)
        self.report.points += 1
        self.report.hits += bool(fault.hits)
        self.by_operation[point.operation] += 1
        self.answers["success" if raised is None else type(raised).__name__] += 1
        return bool(fault.hits)

    def goes_on(self, point: Point, queue: adc.SqliteQueue) -> int:
        """The cause is gone: so is the trouble, without opening the queue anew. The number of new events."""
        try:
            queue.schedule(KIND.new("after", key="after"))
        except Exception as error:  # noqa: BLE001  it is told
            if not (point.lies and isinstance(error, DAMAGE)):
                self.wrong(point, f"it doesn't go on: {error!r}")
            return 0
        return 1

    def judge(self, point: Point, raised: BaseException | None, folder: Path, when: str, more: int = 0) -> None:
        """What the files have must be what the answer said; or it is told that they are damaged, if the disk lied."""
        if not (raised is None or isinstance(raised, TYPED) or (point.lies and isinstance(raised, DAMAGE))):
            self.wrong(point, f"it isn't typed: {raised!r}")
        findings = [f"{name}: {each}" for name in (DATABASE, "old.db") for each in findings_of(folder / name)]
        if point.lies and findings:
            self.damaged += 1
            return
        for each in findings:
            self.wrong(point, f"{when}: {each}")
        if point.operation not in SEVERAL:
            self.judge_log(point, raised, log_of(folder), when, more)

    def judge_log(self, point: Point, raised: BaseException | None, after: Digests, when: str, more: int) -> None:
        """Nothing is lost, and what is new is what the answer said."""
        lost = self.before.items() - after.items()
        new = len(after) - len(self.before) - more
        if lost:
            self.wrong(point, f"{when}: {len(lost)} events are lost")
        expected = NEW_EVENTS.get(point.operation, 0)
        if raised is None and new != expected:
            self.wrong(point, f"{when}: success, and {new} new events")
        if isinstance(raised, NotCommitted) and new:
            self.wrong(point, f"{when}: {raised!r}, and {new} new events")
        if new not in (0, expected):
            self.wrong(point, f"{when}: {new} new events")

    def judge_backup(self, point: Point, raised: BaseException | None, folder: Path) -> None:
        """There is one if that was the answer, else none; and what has its name is whole."""
        backup = folder / "backup.db"
        if point.operation == "backup" and backup.exists() != (raised is None):
            self.wrong(point, f"{raised!r}, and there is {'a' if backup.exists() else 'no'} backup")
        for each in findings_of(backup):
            self.wrong(point, f"the backup: {each}")
        if backup.exists() and runners_of(backup):
            self.wrong(point, "the backup has runners")

    def wrong(self, point: Point, what: str) -> None:
        self.report.wrong.append(f"{point}: {what}")


def runners_of(file: Path) -> int:
    """How many are on the roll of a file that nobody has open."""
    with closing(apsw.Connection(str(file))) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM adc_runners")
    return int(count)


NEW_EVENTS: Final = {
    "schedule": 1,
    "schedule_many": 5,
    "cancel": 1,
    "reschedule": 1,
    "unschedule": 1,
    "redrive": 1,
    "pause": 1,
    "resume": 1,
}


def without_apsw(error: Exception) -> Exception:
    """What a disk in C would have led to at the end of a copy, where apsw doesn't expect that one in Python raises."""
    if isinstance(error, SystemError) and "Backup" in str(error) and isinstance(error.__context__, apsw.Error):
        return trouble_of(error.__context__, DATABASE, "back up")
    return error


def findings_of(path: Path) -> list[str]:
    """Of verify; none, if there is no such file, or only one that was about to become a queue."""
    if not path.exists() or not path.stat().st_size:
        return []
    told = map(str, verify_file(str(path)))
    return [each for each in told if path.name == DATABASE or "there is no queue" not in each]


def log_of(folder: Path) -> Digests:
    with adc.SqliteQueue.open(folder / DATABASE, missing="refuse") as queue:
        return {each.seq: str(each) for each in queue.store.events(0, 10_000)}


def points(examiner: Examiner, operations: Sequence[str]) -> Iterator[Point]:
    """Each call, with each error that it may give."""
    for operation in operations:
        for at, call in enumerate(examiner.calls(operation)):
            for kind, lasting in product(KINDS, LASTINGS):
                _, may = KINDS[kind]
                waits = kind == "BUSY" and lasting != "once" and operation in PATIENT
                waits |= kind == "SHORT_READ" and operation == "run"  # for a job that it may never find
                if call in may and not waits:
                    yield Point(operation, kind, lasting, at)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", nargs="*", default=list(OPERATIONS))
    parser.add_argument("--share", type=float, default=0.25, help="of all points; each seed has others")
    parser.add_argument("--point", help="only this one")
    options(parser)
    chosen = parser.parse_args()
    random, counting = Random(chosen.seed), Counting("nth_call", chosen.seed)
    with tempfile.TemporaryDirectory(dir=memory()) as place:
        examiner = Examiner(Path(place))
        if chosen.point is not None:
            operation, kind, lasting, at = chosen.point.split(":")
            examiner.attempt(Point(operation, kind, lasting, int(at)))
        else:
            for point in points(examiner, chosen.operations):
                if random.random() < chosen.share:
                    examiner.attempt(point)
    report = examiner.report
    counting.count_all({"points": report.points, "hit": report.hits, "damaged by short reads": examiner.damaged})
    counting.count_all(examiner.answers, "answered by ")
    counting.count_all(examiner.by_operation, "points in ")
    counting.wrong(report.wrong)
    return counting.end(chosen.json, "--point OPERATION:KIND:LASTING:AT, as it says")


if __name__ == "__main__":
    sys.exit(main())
