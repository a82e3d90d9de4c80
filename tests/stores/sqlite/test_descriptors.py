"""Descriptors: what closes or replaces those of the database is noticed before anything is committed.

Each test is a program of its own, since it closes what the tests need.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from adc.core.ids import RunnerId
from adc.core.instants import Instant, Span
from adc.kind import JobKind
from adc.ports.trouble import DatabaseMoved
from adc.queue import SqliteQueue
from adc.stores.sqlite import descriptors, marks
from adc.stores.sqlite.opening import open_connection, open_store
from adc.stores.sqlite.store import SqliteStore

COUNT = JobKind("count", int, result=int)

BEGINNING = """
import os, sys, threading
from adc import JobKind, JobRunner, RunnerRouter, SqliteQueue, StoreTrouble
from adc.scheduling import schedule_all

PATH = sys.argv[1]
COUNT = JobKind("count", int, result=int)

def schedule(writing, job):
    schedule_all(writing, ((job, None),), now=queue.clock.now(), actor="test")

def told(act):
    try:
        act()
    except StoreTrouble as trouble:
        return f"{type(trouble).__name__}, {trouble.operation}"
    return "nothing"

def numbers(path):
    "The descriptors of a file, as the system lists them."
    return [int(n) for n in os.listdir("/proc/self/fd") if os.path.realpath(f"/proc/self/fd/{n}") == path]

queue = SqliteQueue.open(PATH, durability="normal")
queue.schedule(COUNT.new(7))
assert queue.store.absent_guards == ()
"""


def run(db: Path, program: str, *, complains: bool = False) -> list[str]:
    """What a program printed. It ends in time, or the test fails."""
    line = [sys.executable, "-c", BEGINNING + program, str(db.resolve())]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "" if complains else done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


def payloads(db: Path) -> list[int]:
    """What is in the file, for another process."""
    with SqliteQueue.open(db, missing="refuse") as queue:
        claimed = [queue.poll_next(COUNT) for _ in queue.look()]
        return [each.job.payload for each in claimed if each is not None]


VERBS = """
print(told(lambda: queue.schedule(COUNT.new(8))))
print(told(lambda: queue.schedule(COUNT.new(8))))
print(told(lambda: queue.poll_next(COUNT)))
print(told(queue.counts))
"""


def test_after_all_were_closed_nothing_is_committed(db: Path) -> None:
    printed = run(db, f"os.closerange(3, 1000){VERBS}")

    assert [line.partition(",")[0] for line in printed] == ["StorageLocksLost"] * 4
    assert payloads(db) == [7]


def test_a_read_says_so_too(db: Path) -> None:
    assert run(db, "os.closerange(3, 1000); print(told(queue.counts))") == ["StorageLocksLost, counts"]


def test_the_text_says_what_to_do(db: Path) -> None:
    (text,) = run(
        db,
        """
os.closerange(3, 1000)
try:
    queue.schedule(COUNT.new(8))
except StoreTrouble as trouble:
    print(trouble)
""",
    )

    assert (
        "something in this process closed a descriptor of the file. Nothing of this transaction was committed" in text
    )


ENDINGS = {"closed": "queue.close()", "left": "", "closed first": "", "dropped": "del queue"}


@pytest.mark.parametrize("ending", ENDINGS)
def test_another_s_files_are_not_written_to(ending: str, db: Path, tmp_path: Path) -> None:
    """The numbers are others' by then."""
    victims = tmp_path / "victims"
    victims.mkdir()

    run(
        db,
        f"""
for n in range(500):  # something to write into the database at the end
    queue.schedule(COUNT.new(n))
os.closerange(3, 1000)
files = [open(f"{victims}/{{n}}", "w+b", buffering=0) for n in range(20)]
for file in files:
    file.write(b"mine")
{VERBS if ending != "closed first" else "queue.close()"}
{ENDINGS[ending]}
""",
    )

    assert {each.read_bytes() for each in victims.iterdir()} == {b"mine"}
    assert payloads(db)[:3] == [7, 0, 1]


CLOSED = {
    "the database's": "numbers(PATH)",
    "that of -wal": "numbers(PATH + '-wal')",
    "that of -shm": "numbers(PATH + '-shm')",
}
REPLACED = {
    "closed": "os.close(number)",
    "another file's": "os.dup2(other, number)",
}


@pytest.mark.parametrize("replace", REPLACED.values(), ids=REPLACED)
@pytest.mark.parametrize("of", CLOSED.values(), ids=CLOSED)
def test_one_is_enough(of: str, replace: str, db: Path) -> None:
    printed = run(
        db,
        f"""
other = os.open(PATH + "-other", os.O_RDWR | os.O_CREAT)
os.write(other, b"mine")
(number,) = {of}
{replace}
{VERBS}
""",
    )

    assert {line.partition(",")[0] for line in printed} == {"StorageLocksLost"}
    assert Path(f"{db}-other").read_bytes() == b"mine"
    assert payloads(db) == [7]


@pytest.mark.parametrize("of", CLOSED.values(), ids=CLOSED)
def test_closing_does_not_write_to_it_either(of: str, db: Path) -> None:
    """SQLite would copy all of -wal into the database, whatever that is by then."""
    run(
        db,
        f"""
other = os.open(PATH + "-other", os.O_RDWR | os.O_CREAT)
os.write(other, b"mine")
(number,) = {of}
os.dup2(other, number)
queue.close()
print(told(queue.counts))
""",
    )

    assert Path(f"{db}-other").read_bytes() == b"mine"
    assert payloads(db) == [7]


@pytest.mark.parametrize("of", CLOSED.values(), ids=CLOSED)
def test_so_is_one_in_the_middle_of_a_transaction(of: str, db: Path) -> None:
    printed = run(
        db,
        f"""
(number,) = {of}

def act():
    with queue.store.writing() as writing:
        schedule(writing, COUNT.new(8))
        os.close(number)

print(told(act))
print(told(lambda: queue.schedule(COUNT.new(8))))
""",
    )

    assert printed == ["StorageLocksLost, commit", "StorageLocksLost, begin"]
    assert payloads(db) == [7]


def test_a_lock_that_is_lost_in_a_transaction_is_noticed_though_all_are_open(db: Path) -> None:
    """Whoever opens -shm and closes it takes the lock along: another process can write then, at the same time."""
    printed = run(
        db,
        """
import subprocess

OTHER = '''
import sys, adc
with adc.SqliteQueue.open(sys.argv[1]) as queue:
    queue.schedule(adc.JobKind("count", int, result=int).new(9))
'''

def act():
    with queue.store.writing() as writing:
        schedule(writing, COUNT.new(8))
        open(PATH + "-shm").close()
        subprocess.run([sys.executable, "-c", OTHER, PATH], check=True)

print(told(act))
""",
    )

    assert printed == ["StorageLocksLost, commit"]
    assert payloads(db) == [7, 9]


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_a_file_beside_it_that_is_removed_is_noticed(suffix: str, db: Path) -> None:
    (printed,) = run(db, f"os.unlink(PATH + '{suffix}'); print(told(lambda: queue.schedule(COUNT.new(8))))")

    assert printed.startswith("StorageLocksLost")


MOVED = {
    "moved": "os.rename(PATH, PATH + '.old')",
    "removed": "os.unlink(PATH)",
    "replaced": "os.rename(PATH + '.new', PATH)",
    "moved with its directory": "os.rename(os.path.dirname(PATH), os.path.dirname(PATH) + '.old')",
}


@pytest.mark.parametrize("move", MOVED.values(), ids=MOVED)
def test_a_file_that_is_moved_is_noticed_before_a_commit(move: str, tmp_path: Path) -> None:
    directory = tmp_path / "directory"
    directory.mkdir()

    printed = run(
        directory / "jobs.db",
        f"""
open(PATH + ".new", "w").close()
{move}
print(told(lambda: queue.schedule(COUNT.new(8))))
print(told(lambda: queue.schedule(COUNT.new(8))))
""",
    )

    assert printed == ["DatabaseMoved, commit", "DatabaseMoved, begin"]


def test_a_moved_file_has_all_that_was_committed_once_it_is_closed(db: Path) -> None:
    run(db, "os.rename(PATH, PATH + '.old'); told(lambda: queue.schedule(COUNT.new(8))); queue.close()")

    assert payloads(Path(f"{db}.old")) == [7]


def test_closing_a_moved_file_leaves_that_alone_which_took_its_place(db: Path) -> None:
    """SQLite removes -wal by its name: it may be another's by then."""
    run(
        db,
        """
for suffix in ("", "-wal", "-shm"):
    os.rename(PATH + suffix, PATH + ".old" + suffix)
another = SqliteQueue.open(PATH, durability="normal")
another.schedule(COUNT.new(9))
wal = os.stat(PATH + "-wal").st_ino
queue.close()
assert os.stat(PATH + "-wal").st_ino == wal
another.schedule(COUNT.new(10))
another.close()
""",
    )

    assert payloads(db) == [9, 10]
    assert payloads(Path(f"{db}.old")) == [7]


def test_several_queues_of_one_file_come_and_go_without_an_alarm(db: Path) -> None:
    """SQLite keeps the descriptors of a closed connection while another one holds locks, and uses them again."""
    printed = run(
        db,
        """
from itertools import permutations

for order in permutations(range(3)):
    queues = [SqliteQueue.open(PATH, durability="normal") for _ in order]
    for n in order:
        queues[n].close()
        late = SqliteQueue.open(PATH, durability="normal")
        assert late.store.absent_guards == ()
        for each in (queue, late, *queues):
            if told(each.counts) != "StoreClosed, counts":
                each.schedule(COUNT.new(8))
        late.close()
queue.close()
print(numbers(PATH))
""",
    )

    assert printed == ["[]"]


def test_a_checkpoint_by_another_connection_of_the_process_is_no_alarm(db: Path) -> None:
    """Its lock is on the byte beside the writer's, and the system tells of both as one."""
    with closing(opened(str(db))) as store, closing(open_connection(str(db), "normal", Span(0))) as other:
        seen: list[int] = []

        def while_it_waits(tried: int) -> bool:
            seen.append(tried)
            store._custody.before_commit()
            return False

        other.set_busy_handler(while_it_waits)
        with store.writing(), pytest.raises(apsw.BusyError):
            other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_FULL)

    assert seen == [0]


def test_threads_that_open_one_file_find_each_their_own(db: Path) -> None:
    printed = run(
        db,
        """
from concurrent.futures import ThreadPoolExecutor

barrier = threading.Barrier(8)

def use(n):
    barrier.wait()
    opened = SqliteQueue.open(PATH, durability="normal")
    assert opened.store.absent_guards == ()
    barrier.wait()
    if n % 2:
        opened.close()
    barrier.wait()
    if n % 2 == 0:
        opened.schedule(COUNT.new(n))
        opened.close()

with ThreadPoolExecutor(8) as threads:
    list(threads.map(use, range(8)))
queue.schedule(COUNT.new(9))
print(queue.counts()["scheduled"])
""",
    )

    assert printed == ["6"]


def opened(path: str) -> SqliteStore:
    return open_store(path, "normal", Span(0))


def test_neither_a_commit_nor_a_beat_asks_for_the_state_of_wal(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where timestamps are multigrain, the next write would give it a new one, which a sync would wait for."""
    asked: list[int | str] = []

    def noting(ask: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def noted(of: int | str, **options: bool) -> os.stat_result:
            asked.append(of)
            return ask(of, **options)

        return noted

    with SqliteQueue.open(db) as queue:
        wal, name = descriptors.numbers_of(f"{db}-wal"), f"{db}-wal"
        monkeypatch.setattr("adc.stores.sqlite.descriptors.fstat", noting(os.fstat))
        monkeypatch.setattr("os.stat", noting(os.stat))
        queue.schedule(COUNT.new(7))
        queue.store.beat(RunnerId("me"), Instant(0))

        assert queue.store.wal_bytes() > 0
        assert wal
        assert {*asked} > {str(db)}
        assert {*asked}.isdisjoint({*wal, name})


def test_the_length_of_wal_is_told_as_it_is(db: Path) -> None:
    with SqliteQueue.open(db) as queue:
        before = queue.store.wal_bytes()
        queue.schedule(COUNT.new(7))

        assert before < queue.store.wal_bytes() == Path(f"{db}-wal").stat().st_size


def test_where_they_cannot_be_listed_the_guard_is_absent_and_says_so(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "_LIST", "/there/is/no/such/directory")
    with closing(opened(str(db))) as store:
        with store.writing():
            pass
        assert store.absent_guards == (
            *("closed descriptors", "a moved file", "lost locks", "another SQLite in this process"),
        )


def test_where_locks_cannot_be_asked_for_the_others_are_there(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "F_OFD_GETLK", -1)
    with closing(opened(str(db))) as store:
        with store.writing():
            pass
        assert store.absent_guards == ("lost locks",)
        db.rename(f"{db}.old")
        with pytest.raises(DatabaseMoved), store.writing():
            pass


def test_where_another_connection_opened_wal_meanwhile_it_alone_is_not_watched(db: Path) -> None:
    with closing(open_connection(str(db), "normal", Span(0))) as connection, closing(apsw.Connection(str(db))) as other:
        assert other.execute("SELECT count(*) FROM adc_jobs").get == 0

        found = descriptors.find(connection, before=())

    assert found is not None
    assert not found.sees_wal
    assert found.lost() is not None  # they are closed by now


def test_a_queue_in_memory_needs_no_guard() -> None:
    with closing(opened(":memory:")) as store:
        with store.writing():
            pass
        assert store.absent_guards == ()


RUNNER = """
router = RunnerRouter()

@router.handles(COUNT)
HANDLER

threading.Thread(target=lambda: (threading.Event().wait(50), os._exit(9)), daemon=True).start()
for n in range(20):
    queue.schedule(COUNT.new(n))
try:
    JobRunner(queue, router, driver=DRIVER, concurrency=4).run_until_idle()
except StoreTrouble as trouble:
    os.write(1, f"{type(trouble).__name__}\\n".encode())
"""
HANDLERS = {
    "a plain handler": """
def handler(job):
    os.closerange(3, 1000)
    return job.payload
""",
    "an async handler": """
async def handler(job):
    os.closerange(3, 1000)
    return job.payload
""",
    "one that opens others": """
def handler(job):
    os.closerange(3, 1000)
    files.extend(open(f"{PATH}-{n}", "w+b", buffering=0) for n in range(20))
    return job.payload

files = []
""",
}


@pytest.mark.parametrize("driver", ["threads", "inline"])
@pytest.mark.parametrize("handler", HANDLERS.values(), ids=HANDLERS)
def test_a_runner_whose_handler_closes_them_ends_loudly(handler: str, driver: str, db: Path) -> None:
    program = RUNNER.replace("HANDLER", handler).replace("DRIVER", repr(driver))
    printed = run(db, program, complains="async def" in handler)  # asyncio does: of its own descriptors

    assert printed == ["StorageLocksLost"]
    assert {each.stat().st_size for each in db.parent.glob("jobs.db-[0-9]*")} <= {0}
    with SqliteQueue.open(db) as queue:
        assert queue.counts()["done"] == 0
        assert queue.counts()["started"] > 0  # they are rescued, as those of a runner that died
