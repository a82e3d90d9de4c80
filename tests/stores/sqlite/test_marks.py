"""Marks: locks that were lost are noticed before anything is acknowledged, though all descriptors are open.

Each test is a program of its own, since it drops locks that the tests need.
"""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from adc.core.instants import Span
from adc.stores.sqlite.marks import is_there, put_mark
from adc.stores.sqlite.opening import open_store
from tests.stores.sqlite.test_descriptors import payloads, run

OTHER = """
import subprocess

PROGRAM = '''
import sys, adc
with adc.SqliteQueue.open(sys.argv[1]) as queue:
    queue.schedule(adc.JobKind("count", int, result=int).new(9))
'''

def let_another_process_write():
    subprocess.run([sys.executable, "-c", PROGRAM, PATH], check=True)
"""
DROPS = {
    "the file, opened and closed": "open(PATH).close()",
    "-shm, opened and closed": "open(PATH + '-shm').close()",
    "sqlite3, after a look": """
import sqlite3
other = sqlite3.connect(PATH)
other.execute("SELECT count(*) FROM adc_jobs").fetchone()
other.close()
""",
    "sqlite3, which wrote": """
import sqlite3
other = sqlite3.connect(PATH)
other.execute("CREATE TABLE orders (number)")
other.close()
""",
    "a copy of the file": "import shutil; shutil.copyfile(PATH, PATH + '.copy')",
    "a copy of -shm": "import shutil; shutil.copyfile(PATH + '-shm', PATH + '.copy')",
}


@pytest.mark.parametrize("drop", DROPS.values(), ids=DROPS)
def test_between_two_transactions_it_is_noticed_before_the_next_acknowledgement(drop: str, db: Path) -> None:
    printed = run(
        db,
        f"""{OTHER}
{drop}
let_another_process_write()
print(told(lambda: queue.schedule(COUNT.new(8))))
print(told(lambda: queue.schedule(COUNT.new(8))))
""",
    )

    assert {line.partition(",")[0] for line in printed} == {"StorageLocksLost"}
    assert payloads(db) == [7, 9]


@pytest.mark.parametrize("drop", DROPS.values(), ids=DROPS)
def test_so_it_is_in_a_transaction(drop: str, db: Path) -> None:
    indented = "\n        ".join(drop.strip().splitlines())
    printed = run(
        db,
        f"""{OTHER}
def act():
    with queue.store.writing() as writing:
        schedule(writing, COUNT.new(8))
        {indented.replace("CREATE TABLE orders (number)", "SELECT count(*) FROM adc_jobs")}

print(told(act))
let_another_process_write()
""",
    )

    assert printed == ["StorageLocksLost, commit"]
    assert payloads(db) == [7, 9]


@pytest.mark.parametrize("suffix", ["", "-shm"])
def test_in_the_middle_of_a_commit_the_outcome_is_unknown_and_nothing_is_acknowledged(suffix: str, db: Path) -> None:
    """After the last look before it: the hook runs when SQLite begins to commit."""
    printed = run(
        db,
        f"""{OTHER}
from adc import OutcomeUnknown

job = COUNT.new(8)

def drop():
    open(PATH + "{suffix}").close()
    return False

queue.store._connection.set_commit_hook(drop)
try:
    queue.schedule(job)
except OutcomeUnknown as trouble:
    print(trouble.jids == (job.jid,), trouble.passing, "while this was committed" in str(trouble))
queue.store._connection.set_commit_hook(None)
print(told(lambda: queue.schedule(job)))
let_another_process_write()
""",
    )

    assert printed == ["True False True", "StorageLocksLost, begin"]
    assert payloads(db) == [7, 8, 9]


def test_a_read_says_so_too(db: Path) -> None:
    """It would go on to show the log of commits that another SQLite has removed."""
    assert run(db, f"{DROPS['sqlite3, after a look']}\nprint(told(queue.counts))") == ["StorageLocksLost, counts"]


def test_the_beat_of_a_runner_that_has_nothing_to_do_notices(db: Path) -> None:
    printed = run(
        db,
        """
queue.poll_next(COUNT).complete(7)
threading.Thread(target=lambda: (threading.Event().wait(50), os._exit(9)), daemon=True).start()
router = RunnerRouter()

@router.handles(COUNT)
def handler(job):
    return job.payload

def listener(event):
    if type(event).__name__ == "RunnerStarted":
        threading.Timer(0.1, lambda: open(PATH).close()).start()

print(told(JobRunner(queue, router, listener=listener).run))
""",
    )

    assert printed == ["StorageLocksLost, beat"]


def test_a_second_queue_is_not_opened_on_what_is_lost(db: Path) -> None:
    """SQLite takes its locks once in a process, and believes in them for all connections."""
    printed = run(
        db,
        """
open(PATH).close()
print(told(lambda: SqliteQueue.open(PATH)))
queue.close()
with SqliteQueue.open(PATH) as again:
    print(told(lambda: again.schedule(COUNT.new(8))))
""",
    )

    assert printed == ["StorageLocksLost, open", "nothing"]
    assert payloads(db) == [7, 8]


def test_queues_of_one_process_share_a_mark_that_outlives_each_of_them(db: Path) -> None:
    printed = run(
        db,
        """
for _ in range(3):
    SqliteQueue.open(PATH).close()
    queue.schedule(COUNT.new(8))
locks = [line for line in open("/proc/locks") if f" {os.getpid()} " in line and "ADVISORY" in line]
print(len(locks))
""",
    )

    assert printed == ["4"]  # SQLite's two, and two marks


def test_who_has_the_same_number_elsewhere_does_not_have_the_same_byte(db: Path) -> None:
    """As in another container: there a process of this one's number may have locked the first choice."""
    with closing(open_store(str(db), "normal", Span(0))):
        program = (
            "import os, sys\n"
            "from adc.stores.sqlite import marks\n"
            f"os.getpid = lambda: {os.getpid()}\n"
            "number = os.open(sys.argv[1], os.O_RDWR)\n"
            "marks.is_there = lambda mark: True\n"
            "print(marks.put_mark(number)[0].args[-1] != marks.request(marks._FIRST + os.getpid()))\n"
        )
        done = subprocess.run([sys.executable, "-c", program, str(db)], capture_output=True, text=True, check=True)

    assert done.stdout == "True\n"


def test_what_cannot_be_locked_has_no_mark(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    number = os.open(path, os.O_RDONLY)
    assert put_mark(number) is None
    os.close(number)
    assert put_mark(number) is None


def test_a_mark_on_a_descriptor_that_is_closed_is_not_there(tmp_path: Path) -> None:
    number = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    mark = put_mark(number)
    assert mark is not None
    assert is_there(mark)
    os.close(number)
    assert not is_there(mark)
