"""Locks: what drops them in a queue's own process is noticed before it acknowledges; others do it no harm.

python -m tests.faults.locks [--cases 200] [--seed 0] [--json FILE]
python -m tests.faults.locks --case OPERATION/INTRUDER/MOMENT

Each case is processes of its own: the one with the queue, another one beside it, and one that judges.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final, Literal, TypeAlias, get_args

import apsw
import msgspec
from msgspec import Struct
from typing_extensions import override

import adc
from adc.stores.sqlite.store import SqliteStore
from tests.elsewhere import copied_folder
from tests.faults.counting import Counting, options
from tests.faults.forked import exit_code, fork, within
from tests.faults.intruders import ACKNOWLEDGED, INTRUSIONS, LONG, NEIGHBOURS, OTHERS_KEY, schedule_elsewhere
from tests.faults.nth_call import DATABASE, KIND, NEW_EVENTS, OPERATIONS, SEVERAL, prepare
from tests.faults.whence import memory

Moment: TypeAlias = Literal["before", "within", "at the commit", "at the commit, and others write", "beside"]
SHORT: Final = timedelta(milliseconds=5)
HELD: Final = (0.0, 0.02, 0.3)
"""In seconds, how long neighbours are at it."""
LIMIT: Final = 60
"""In seconds, for each process."""
SAID: Final = "said"
ERRORS: Final = "errors"
LOUD: Final = frozenset({"StorageLocksLost", "OutcomeUnknown", "MixedSqlite"})
SHARED: Final = (0x40000002, 0x400001FF)
"""The bytes of a database on which each process that has it open has a lock: sqlite.org/atomiccommit.html."""
IN_USE: Final = 128
"""And the byte of -shm."""
WRITES: Final = 120
RACED: Final = frozenset({"schedule", "schedule_many", "complete"})
"""Where two processes commit at once, SQLite may seek its way out of that for ten seconds."""


@dataclass(frozen=True)
class Case:
    """An operation, who intrudes, and when."""

    operation: str
    intruder: str
    moment: Moment

    @override
    def __str__(self) -> str:
        return f"{self.operation}/{self.intruder}/{self.moment}"


def budget_of(case: Case) -> timedelta:
    """Who has the lock waits for another one that wants it: none of them may wait long."""
    return SHORT if case.moment.endswith("write") else LONG


class Said(Struct):
    """What the process with the queue tells."""

    answer: str = "success"
    """Of the operation."""
    after: str = "success"
    """Of a schedule behind it."""
    intruded: bool = False
    """Whether the moment came."""
    wrong: list[str] = []


@dataclass
class Outcome:
    """What came of all of them."""

    answers: Counter[str] = field(default_factory=Counter)
    cases: int = 0
    intruded: int = 0
    lost_by_others: int = 0
    """Jobs of another process that this one's commit overwrote; this one was told that its outcome is unknown."""
    violations: list[str] = field(default_factory=list)


def all_cases() -> Iterator[Case]:
    for operation in OPERATIONS:
        for intrusion in INTRUSIONS:
            for moment in get_args(Moment)[:4]:
                if not moment.endswith("write") or operation in RACED:
                    yield Case(operation, intrusion, moment)
        for neighbour in NEIGHBOURS:
            yield Case(operation, neighbour, "beside")


class Examiner:
    """Tries cases, each on a copy of the same file."""

    def __init__(self, place: Path, seed: int) -> None:
        self.place = place
        self.random = Random(seed)
        self.outcome = Outcome()
        (place / "base").mkdir()
        assert exit_code(fork(lambda: prepare(place / "base"))) == 0

    def attempt(self, case: Case) -> None:
        folder = self.place / "run"
        copied_folder(self.place / "base", folder)
        seconds = self.random.choice(HELD)
        budget = self.random.choice((LONG, SHORT)) if case.moment == "beside" else budget_of(case)
        asks, told = os.pipe(), os.pipe()  # who has the queue asks, and is told
        neighbours = within(LIMIT, lambda: neighbour(case, folder, seconds, asks, told))
        beside = fork(neighbours, folder / ERRORS)
        mine = fork(within(LIMIT, lambda: Subject(case, folder, budget, asks, told).live()), folder / ERRORS)
        for number in (*asks, *told):
            os.close(number)
        ends = exit_code(mine), exit_code(beside)
        judge = fork(lambda: judged(case, folder), folder / ERRORS)
        self.note(case, folder, (*ends, exit_code(judge)))

    def note(self, case: Case, folder: Path, ends: tuple[int, ...]) -> None:
        outcome = self.outcome
        outcome.cases += 1
        if any(ends):
            outcome.violations.append(f"{case}: {ends}: {(folder / ERRORS).read_text()[-600:]}")
            return
        said = msgspec.json.decode((folder / SAID).read_bytes(), type=Said)
        outcome.answers[said.answer] += 1
        outcome.intruded += said.intruded
        outcome.lost_by_others += (folder / "lost").exists()
        outcome.violations += [f"{case}: {each}" for each in said.wrong]


Pipe: TypeAlias = tuple[int, int]


class Subject:
    """The process that has the queue."""

    def __init__(self, case: Case, folder: Path, budget: timedelta, asks: Pipe, told: Pipe) -> None:
        self.case, self.folder, self.budget = case, folder, budget
        self.asks, self.told = asks, told
        self.said = Said()
        os.close(asks[0])
        os.close(told[1])

    def live(self) -> None:
        path = self.folder / DATABASE
        queue = adc.SqliteQueue.open(path, busy_timeout=self.budget, actor="test")
        expect_locks(path, self.said.wrong, "after it was opened")
        self.intrude_in_time(queue)
        self.said.answer = name_of(lambda: OPERATIONS[self.case.operation](queue, self.folder))
        connection_of(queue).trace_v2(0)
        connection_of(queue).set_commit_hook(None)
        if self.case.moment == "beside":
            self.ask("")
            expect_locks(path, self.said.wrong, "after the operation")
        elif not self.said.intruded:
            expect_locks(path, self.said.wrong, "after an operation that nobody disturbed")
        if self.case.moment != "beside" and not self.case.moment.endswith("write"):
            self.ask("write")
        self.said.after = name_of(lambda: queue.schedule(KIND.new("after", key="after")))
        self.judge()
        queue.close()
        (self.folder / SAID).write_bytes(msgspec.json.encode(self.said))

    def intrude_in_time(self, queue: adc.SqliteQueue) -> None:
        connection = connection_of(queue)
        match self.case.moment:
            case "beside":
                self.ask("begin")
            case "before":
                self.intrude()
            case "within":
                connection.trace_v2(apsw.SQLITE_TRACE_STMT, self.at_a_statement)
            case _:
                connection.set_commit_hook(self.at_the_commit)

    def at_a_statement(self, told: dict[str, object]) -> None:
        if str(told["sql"]).lstrip().startswith(("INSERT", "UPDATE", "DELETE")) and not told["trigger"]:
            self.intrude()

    def at_the_commit(self) -> bool:
        self.intrude()
        return False

    def intrude(self) -> None:
        """Once."""
        if self.said.intruded:
            return
        self.said.intruded = True
        INTRUSIONS[self.case.intruder](self.folder / DATABASE)
        if self.case.moment.endswith("write"):
            self.ask("write")

    def ask(self, what: str) -> None:
        os.write(self.asks[1], f"{what}\n".encode())
        assert os.read(self.told[0], 1) == b"k", "the neighbour has ended"

    def judge(self) -> None:
        """What drops locks is told before anything is acknowledged, and ends all; nothing else is trouble."""
        said = self.said
        if said.intruded:
            reads = self.case.operation in {"look", "verify", "open", "backup"}
            if said.answer not in LOUD and not reads:
                said.wrong.append(f"its locks were dropped, and it said {said.answer}")
            if said.after not in LOUD:
                said.wrong.append(f"it went on without locks: {said.after}")
        elif said.answer not in {"success", "StoreBusy"} or said.after != "success":
            said.wrong.append(f"nobody dropped its locks, and it said {said.answer}, then {said.after}")
        elif said.answer == "StoreBusy" and self.budget == LONG and self.case.operation != "open":
            said.wrong.append("it didn't wait")


def neighbour(case: Case, folder: Path, seconds: float, asks: Pipe, told: Pipe) -> None:
    """The process beside it: does as it is asked, until nobody asks any more."""
    os.close(asks[1])
    os.close(told[0])

    def say() -> None:
        os.write(told[1], b"k")

    with os.fdopen(asks[0]) as asked:
        if case.moment == "beside":
            assert asked.readline() == "begin\n"
            NEIGHBOURS[case.intruder](folder / DATABASE, say, seconds)
            for _ in asked:
                say()
            return
        with adc.SqliteQueue.open(folder / DATABASE, busy_timeout=budget_of(case)) as queue:
            for _ in asked:
                schedule_elsewhere(queue, folder)
                say()


def judged(case: Case, folder: Path) -> None:
    """What is in the file, for a process that comes later."""
    said = msgspec.json.decode((folder / SAID).read_bytes(), type=Said)
    raced = case.moment.endswith("write") and said.intruded
    with adc.SqliteQueue.open(folder / DATABASE) as queue:
        findings = [] if raced else [f"verify: {finding}" for finding in queue.verify()]
        keys = [row.key for row in queue.look(limit=1_000)]
        log = [str(each) for each in queue.store.events(0, 10_000)]
    if not raced:
        others = case.moment != "beside" and not case.moment.endswith("write")
        said.wrong += findings
        if others != (OTHERS_KEY in keys):
            said.wrong.append("what another process was told is stored isn't there")
        if said.after == "success" and "after" not in keys:
            said.wrong.append("what it was told is stored isn't there")
        new = len(log) - BEFORE[0] - others - (said.after == "success")
        allowed = {NEW_EVENTS.get(case.operation, 0)}
        if said.answer == "OutcomeUnknown":
            allowed.add(0)
        elif said.answer != "success":
            allowed = {0}
        if case.operation not in SEVERAL and new not in allowed:
            said.wrong.append(f"{said.answer}, and {new} new events")
    elif OTHERS_KEY not in keys and (folder / ACKNOWLEDGED).exists():
        (folder / "lost").touch()
    (folder / SAID).write_bytes(msgspec.json.encode(said))


BEFORE: Final = [0]
"""How many events the file had."""


def count_before(base: Path) -> int:
    def count() -> None:
        with adc.SqliteQueue.open(base / DATABASE) as queue:
            (base / "count").write_text(str(queue.store.last_seq()))

    assert exit_code(fork(count)) == 0
    number = int((base / "count").read_text())
    (base / "count").unlink()
    return number


def expect_locks(path: Path, wrong: list[str], when: str) -> None:
    """Those that SQLite believes to have between two transactions, as the system tells of them."""
    shm = path.with_name(f"{path.name}-shm")
    held = {name: list(locks_on(each)) for name, each in (("file", path), ("-shm", shm))}
    if not any(start <= SHARED[0] and SHARED[1] <= end for _, start, end in held["file"]):
        wrong.append(f"{when} it has no lock on the file: {held}")
    if not any(start <= IN_USE <= end for _, start, end in held["-shm"]):
        wrong.append(f"{when} it has no lock on -shm: {held}")
    if any(kind == "WRITE" and start <= WRITES <= end for kind, start, end in held["-shm"]):
        wrong.append(f"{when} it still has the writer's lock: {held}")


def locks_on(path: Path) -> Iterator[tuple[str, int, int]]:
    """Of this process."""
    inode, me = str(path.stat().st_ino), str(os.getpid())
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if words[1] == "POSIX" and words[4] == me and words[5].rpartition(":")[2] == inode:
            yield words[3], int(words[6]), sys.maxsize if words[7] == "EOF" else int(words[7])


def name_of(act: Callable[[], object]) -> str:
    try:
        act()
    except adc.StoreTrouble as trouble:
        return type(trouble).__name__
    return "success"


def connection_of(queue: adc.SqliteQueue) -> apsw.Connection:
    assert isinstance(queue.store, SqliteStore)
    return queue.store._connection


def examine(cases: int, seed: int, chosen: str | None = None) -> Outcome:
    """So many of them, or all: 0."""
    with tempfile.TemporaryDirectory(dir=memory()) as made:
        examiner = Examiner(Path(made), seed)
        BEFORE[0] = count_before(Path(made) / "base")
        every = list(all_cases())
        if chosen is not None:
            every = [case for case in every if str(case) == chosen]
        elif cases:
            every = examiner.random.sample(every, cases)
        for case in every:
            examiner.attempt(case)
    return examiner.outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200, help="so many, drawn by the seed; 0: all")
    parser.add_argument("--case")
    options(parser)
    chosen = parser.parse_args()
    counting = Counting("locks", chosen.seed)
    outcome = examine(chosen.cases, chosen.seed, chosen.case)
    counting.count_all({"cases": outcome.cases, "intruded": outcome.intruded, "lost by others": outcome.lost_by_others})
    counting.count_all(outcome.answers)
    counting.wrong(outcome.violations)
    return counting.end(chosen.json, "--case OPERATION/INTRUDER/MOMENT")


if __name__ == "__main__":
    sys.exit(main())
