"""Forks: a forked child neither uses nor closes its parent's connection, and its parent's data and locks stay.

Each test is a program of its own, since a fork copies whatever the tests have open.
"""

import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from adc.kind import JobKind
from adc.ports.trouble import UsedAfterFork
from adc.queue import SqliteQueue

COUNT = JobKind("count", int, result=int)

BEGINNING = """
import gc, json, multiprocessing, os, sys, threading
from datetime import timedelta
import apsw
from adc import JobKind, JobRunner, RunnerRouter, SqliteQueue, StoreTrouble
from adc.scheduling import schedule_all

PATH = sys.argv[1]
COUNT = JobKind("count", int, result=int)
JOB = COUNT.new(7)
queue = SqliteQueue.open(PATH, durability="normal")
queue.schedule(JOB)

def schedule(writing, job):
    schedule_all(writing, ((job, None),), now=queue.clock.now(), actor="test")

def told(act):
    try:
        act()
    except Exception as error:
        return type(error).__name__
    return "nothing"

def in_child(act):
    "What a forked child says."
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, json.dumps(act()).encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as answer:
        said = answer.read()
    assert os.waitpid(child, 0)[1] == 0
    return json.loads(said)
"""


def run(db: Path, program: str) -> list[str]:
    """What a program printed. It ends in time, or the test fails."""
    line = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", BEGINNING + program, str(db)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def payloads(db: Path) -> list[int]:
    """What is in the file, for another process."""
    with SqliteQueue.open(db) as queue:
        rows = queue.look()
        assert [queue.history(row.jid)[0].type for row in rows] == ["JobScheduled"] * len(rows)
        claimed = [queue.poll_next(COUNT) for _ in rows]
        return [each.job.payload for each in claimed if each is not None]


EACH_VERB = """
runner = RunnerRouter()
runner.add_job_handler(COUNT, lambda job: job.payload)
store = queue.store
VERBS = {
    "schedule": lambda: queue.schedule(COUNT.new(8)),
    "schedule again": lambda: queue.schedule(JOB),
    "schedule_in": lambda: queue.schedule_in(COUNT.new(8), timedelta(0)),
    "schedule_many": lambda: queue.schedule_many([COUNT.new(8)]),
    "try_schedule": lambda: queue.try_schedule(COUNT.new(8)),
    "poll_next": lambda: queue.poll_next(COUNT),
    "cancel_job": lambda: queue.cancel_job(JOB.jid),
    "unschedule_job": lambda: queue.unschedule_job(COUNT, JOB.jid),
    "reschedule": lambda: queue.reschedule(JOB.jid, priority=1),
    "redrive": lambda: queue.redrive(JOB.jid),
    "result": lambda: queue.result(COUNT, JOB.jid),
    "look": lambda: queue.look(),
    "history": lambda: queue.history(JOB.jid),
    "counts": lambda: queue.counts(),
    "a runner": lambda: JobRunner(queue, runner).run_until_idle(),
    "the roll": lambda: store.roll(),
    "a beat": lambda: store.beat("somebody", 0),
    "letting go": lambda: store.let_go("somebody"),
    "after closing": lambda: (queue.close(), queue.look()),
}
"""

WHILE_A_THREAD_HOLDS_THE_LOCK = """
held, release = threading.Event(), threading.Event()

def hold():
    with queue.store.writing():
        held.set()
        release.wait()

thread = threading.Thread(target=hold)
thread.start()
held.wait()
"""


@pytest.mark.parametrize("held", [False, True], ids=["idle", "while a thread of the parent is in a transaction"])
def test_each_verb_says_so_in_the_child(held: bool, db: Path) -> None:
    before, after = (WHILE_A_THREAD_HOLDS_THE_LOCK, "release.set(); thread.join()") if held else ("", "")

    printed = run(
        db,
        EACH_VERB
        + before
        + """
said = in_child(lambda: {name: told(verb) for name, verb in VERBS.items()})
"""
        + after
        + """
for name, trouble in said.items():
    print(name, trouble, sep=": ")
queue.schedule(COUNT.new(9))
""",
    )

    assert len(printed) == 19
    assert {line.partition(": ")[2] for line in printed} == {"UsedAfterFork"}, printed
    assert payloads(db) == [7, 9]


def test_the_text_says_what_to_do(db: Path) -> None:
    (text,) = run(
        db,
        """
def text():
    try:
        queue.counts()
    except StoreTrouble as trouble:
        return str(trouble)

print(in_child(text))
""",
    )

    assert text.startswith(f"{db}: counts: the queue was opened by the process that this one was forked from.")
    assert "Nothing was committed. Open the queue in the child only" in text


ENDINGS = {
    "sys.exit": "sys.exit(0)",
    "os._exit": "os._exit(0)",
    "an exception": "sys.stderr = open(os.devnull, 'w'); raise ZeroDivisionError",
    "closing": "queue.close(); queue.close(); sys.exit(0)",
    "a with block": """
    with queue:
        pass
    sys.exit(0)""",
    "dropping it": "del queue; gc.collect(); sys.exit(0)",
    "using it": "told(queue.counts); told(lambda: queue.schedule(COUNT.new(8))); sys.exit(0)",
    "another queue": """
    with SqliteQueue.open(PATH + "-another") as another:
        another.schedule(COUNT.new(8))
    sys.exit(0)""",
    "forking again": """
    if not os.fork():
        told(queue.counts)
        queue.close()
        sys.exit(0)
    os.wait()
    sys.exit(0)""",
}
WATCHED = """
def closing(event, get=os.getpid, write=os.write, parent=os.getpid()):  # at the end there are no globals
    write(1, b"closed by the parent\\n" if get() == parent else b"closed by the child\\n")

queue.store._connection.trace_v2(apsw.SQLITE_TRACE_CLOSE, closing)
wal = os.stat(PATH + "-wal").st_ino
writing = queue.store.writing()
if IN_TRANSACTION:
    inside = writing.__enter__()
child = os.fork()
if not child:
    ENDING
os.waitpid(child, 0)
assert os.stat(PATH + "-wal").st_ino == wal
print("ready", flush=True)
sys.stdin.readline()
if IN_TRANSACTION:
    schedule(inside, COUNT.new(9))
    writing.__exit__(None, None, None)
else:
    queue.schedule(COUNT.new(9))
print("written", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("in_transaction", [False, True], ids=["idle", "in a transaction"])
@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_the_parent_s_data_and_locks_survive_the_child(ending: str, in_transaction: bool, db: Path) -> None:
    program = BEGINNING + WATCHED.replace("ENDING", ending).replace("IN_TRANSACTION", str(in_transaction))
    line = [sys.executable, "-c", program, str(db)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        other = apsw.Connection(str(db))
        if in_transaction:  # its lock is there
            with pytest.raises(apsw.BusyError):
                other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM adc_jobs").get == 1
        parent.stdin.write("\n")
        parent.stdin.flush()
        assert parent.stdout.readline() == "written\n"
        other.close()  # it isn't the last one: the parent's file stays as it is
        assert Path(f"{db}-wal").exists()
        parent.stdin.write("\n")
        parent.stdin.flush()
        assert parent.stdout.read() == "closed by the parent\n"
    assert parent.returncode == 0
    assert payloads(db) == [7, 9]


def test_a_fork_within_a_transaction_commits_once(db: Path) -> None:
    """The child goes on where the parent was: it gets no further than to the next verb, or the commit."""
    printed = run(
        db,
        """
def told_of(statement, write=os.write, get=os.getpid, parent=os.getpid()):
    if get() != parent:
        write(1, f"the child runs {statement['sql']}\\n".encode())

queue.store._connection.trace_v2(apsw.SQLITE_TRACE_STMT, told_of)

def go_on(verb):
    def act():
        with queue.store.writing() as writing:
            schedule(writing, COUNT.new(8))
            forked.append(os.fork())
            if forked[-1]:
                os.waitpid(forked[-1], 0)
            if verb:
                schedule(writing, COUNT.new(9))
    forked = []
    said = told(act)
    os.write(1, f"{'parent' if forked[0] else 'child'}: {said}\\n".encode())
    if not forked[0]:
        sys.exit(0)

go_on(verb=False)
go_on(verb=True)
""",
    )

    assert printed == ["child: UsedAfterFork", "parent: nothing"] * 2
    assert payloads(db) == [7, 8, 8, 9]


REOPENINGS = {
    "by its name": ("PATH", "UsedAfterFork"),
    "by another name": ("LINKED", "UsedAfterFork"),
    "another file": ("PATH + '-another'", "nothing"),
    "one in memory": ("':memory:'", "nothing"),
}


@pytest.mark.parametrize(("path", "said"), REOPENINGS.values(), ids=REOPENINGS)
def test_a_child_cannot_open_what_its_parent_had_open(path: str, said: str, db: Path) -> None:
    """SQLite would believe in its parent's locks: what it commits then can be lost, with no error."""
    printed = run(
        db,
        f"""
os.symlink(os.path.dirname(PATH), PATH + "-folder")
LINKED = os.path.join(PATH + "-folder", os.path.basename(PATH))

def use():
    with SqliteQueue.open({path}) as own:
        own.schedule(COUNT.new(8))

print(in_child(lambda: told(use)))
print(in_child(lambda: in_child(lambda: told(use))))
""",
    )

    assert printed == [said, said]
    assert payloads(db) == [7]


def test_what_the_parent_closed_before_the_fork_can_be_opened(db: Path) -> None:
    printed = run(
        db,
        """
queue.close()

def use():
    with SqliteQueue.open(PATH) as own:
        own.schedule(COUNT.new(8))

print(in_child(lambda: told(use)))
print(in_child(lambda: told(queue.counts)))
use()
""",
    )

    assert printed == ["nothing", "StoreClosed"]
    assert payloads(db) == [7, 8, 8]


def test_a_file_that_was_just_being_opened_counts_as_open(db: Path) -> None:
    (printed,) = run(
        db,
        """
def fork(connection):
    apsw.connection_hooks.clear()
    print(in_child(lambda: told(lambda: SqliteQueue.open(PATH + "-another"))))

apsw.connection_hooks.append(fork)
SqliteQueue.open(PATH + "-another").close()
""",
    )

    assert printed == "UsedAfterFork"


def test_a_child_waits_for_no_thread_of_its_parent(db: Path) -> None:
    printed = run(
        db,
        """
from adc.stores.sqlite.forks import turn_to_open

held, release = threading.Event(), threading.Event()

def hold():
    with turn_to_open(PATH + "-another"):
        held.set()
        release.wait()

thread = threading.Thread(target=hold)
thread.start()
held.wait()
print(in_child(lambda: told(lambda: SqliteQueue.open(PATH + "-another").close())))
release.set()
thread.join()
""",
    )

    assert printed == ["nothing"]


def test_a_child_of_multiprocessing_says_so_too(db: Path) -> None:
    printed = run(
        db,
        """
context = multiprocessing.get_context("fork")
said = context.SimpleQueue()

def use(given):
    said.put(told(lambda: given.schedule(COUNT.new(8))))
    given.close()

child = context.Process(target=use, args=(queue,))
child.start()
child.join()
print(said.get(), child.exitcode)
queue.schedule(COUNT.new(9))
""",
    )

    assert printed == ["UsedAfterFork 0"]
    assert payloads(db) == [7, 9]


def test_a_queue_in_memory_says_so_too(db: Path) -> None:
    printed = run(
        db,
        """
memory = SqliteQueue.open(":memory:")
memory.schedule(JOB)
print(in_child(lambda: told(memory.counts)))
print(memory.counts()["scheduled"])
""",
    )

    assert printed == ["UsedAfterFork", "1"]


KEEPER = """
import sys, apsw
from adc.stores.sqlite.custody import keep_for_ever

opened = apsw.Connection(sys.argv[1])
opened.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").fetchall()
if sys.argv[2] == "kept":
    keep_for_ever(opened)
"""


@pytest.mark.parametrize("fate", ["kept", "dropped"])
def test_the_end_of_the_interpreter_does_not_close_what_is_kept(fate: str, db: Path) -> None:
    """apsw closes what is open when its module goes; the last one to close a file removes -wal."""
    subprocess.run([sys.executable, "-c", KEEPER, str(db), fate], check=True, timeout=60)

    assert Path(f"{db}-wal").exists() == (fate == "kept")


def test_without_a_queue_a_fork_costs_nothing(db: Path) -> None:
    """The import that a child needs is made before the fork, and only by processes that have a queue open."""
    printed = run(
        db,
        """
queue.close()
print(in_child(lambda: "ctypes" in sys.modules))
again = SqliteQueue.open(PATH)
print(in_child(lambda: "ctypes" in sys.modules))
""",
    )

    assert printed == ["False", "True"]


def test_it_is_a_store_trouble() -> None:
    trouble = UsedAfterFork("jobs.db", "look", "it was opened elsewhere")

    assert (trouble.path, trouble.operation, trouble.code) == ("jobs.db", "look", 0)
