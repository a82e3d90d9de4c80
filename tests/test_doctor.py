"""doctor: what is seen of a file, of who uses it and how; and that looking changes nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir
from threading import Event

import apsw
import pytest

import adc
from adc.core.instants import Span
from adc.running import growth
from adc.stores.sqlite import symptoms
from adc.stores.sqlite.migrations import FIRST
from adc.stores.sqlite.pages import PAGE
from tests.elsewhere import bytes_of

NOTE = adc.JobKind("note", str)
ASPECTS = [
    *("versions", "file", "durability", "runners", "locks", "readers", "wal", "space", "guards", "disk", "permissions"),
]
READS = "connection.execute('BEGIN'); connection.execute('SELECT count(*) FROM adc_jobs').fetchall()"
WRITES = "connection.execute('BEGIN IMMEDIATE')"
EXCLUDES = "connection.execute('PRAGMA locking_mode = EXCLUSIVE'); connection.execute('DELETE FROM adc_paused')"


@contextmanager
def other_process(path: Path, does: str) -> Generator[int, None, None]:
    """Another process that has the file open: its id."""
    program = (
        f"import sys, apsw; connection = apsw.Connection(sys.argv[1]); {does}; print(flush=True); sys.stdin.read()"
    )
    command, pipe = [sys.executable, "-c", program, str(path)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"\n"
        yield other.pid
        other.kill()


def seen(found: adc.Diagnosis, about: adc.Aspect) -> adc.Observation:
    (observation,) = (each for each in found.observations if each.about == about)
    return observation


def commit(queue: adc.SqliteQueue, size: int) -> None:
    """So much, in many commits."""
    for _ in range(size // 400_000):
        queue.schedule_many(NOTE.new("x" * 10_000) for _ in range(40))


def test_a_file_that_is_well(queue: adc.SqliteQueue) -> None:
    queue.schedule(NOTE.new("a"))

    found = queue.doctor()

    assert [each.about for each in found.observations] == ASPECTS
    assert [each for each in found.observations if each.severity != "ok" or each.advice] == []
    assert found.severity == "ok"
    assert seen(found, "versions").says.endswith(f"SQLite {apsw.sqlite_lib_version()} by apsw {apsw.apsw_version()}")
    assert seen(found, "file").says.startswith("a queue of format 3")
    assert "don't wait for it" in seen(found, "durability").says
    assert seen(found, "locks").details == (f"process {os.getpid()} (this one): has it open",)


def test_durability_is_that_of_the_queue_which_is_asked(db: Path) -> None:
    with adc.SqliteQueue.open(db) as queue:
        assert "this queue's commits wait for the disk" in seen(queue.doctor(), "durability").says
    assert "can't be seen here" in seen(adc.doctor(db), "durability").says


def test_a_queue_goes_on_after_it(queue: adc.SqliteQueue) -> None:
    """The locks of all connections of a process are the same ones."""
    for _ in range(3):
        queue.doctor()
        queue.schedule(NOTE.new("a"))

    assert list(queue.verify()) == []
    assert queue.counts()["scheduled"] == 3
    assert seen(adc.doctor(queue.doctor().path), "locks").details == (f"process {os.getpid()} (this one): has it open",)


def test_a_file_in_use_is_looked_at_from_another_process(queue: adc.SqliteQueue, db: Path) -> None:
    queue.schedule(NOTE.new("a"))
    before = bytes_of(db)
    program = "import sys, adc; found = adc.doctor(sys.argv[1]); print(found.severity, *found.observations[4].details)"

    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", program, db], capture_output=True, text=True, check=True)
        queue.schedule(NOTE.new("b"))
        assert done.stdout.startswith("ok process")
        assert done.stdout.endswith("has it open\n")

    assert bytes_of(db)[:100] == before[:100]
    assert list(queue.verify()) == []


def test_nothing_is_changed_by_it(db: Path) -> None:
    with adc.SqliteQueue.open(db) as queue:
        queue.schedule(NOTE.new("a"))
    before = db.read_bytes()

    assert adc.doctor(db).severity == "ok"

    assert db.read_bytes() == before
    assert [each.name for each in db.parent.iterdir()] == ["jobs.db"]


def test_what_a_crash_has_left_stays(db: Path) -> None:
    program = (
        "import os, sys, adc; queue = adc.SqliteQueue.open(sys.argv[1]); "
        "queue.schedule(adc.JobKind('note', str).new('a')); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, db], check=False)
    wal = Path(f"{db}-wal")
    before = db.read_bytes(), wal.read_bytes()

    found = adc.doctor(db)

    assert (db.read_bytes(), wal.read_bytes()) == before
    assert seen(found, "wal").numbers["bytes"] == len(before[1])
    assert seen(found, "wal").numbers["waiting_bytes"] > 0
    with adc.SqliteQueue.open(db) as queue:
        assert queue.counts()["scheduled"] == 1


def test_a_forgotten_reader_is_named_with_how_much_it_holds_up(queue: adc.SqliteQueue, db: Path) -> None:
    queue.schedule(NOTE.new("a"))
    with other_process(db, READS) as pid:
        commit(queue, 10_000_000)

        found = queue.doctor()

    readers = seen(found, "readers")
    assert readers.severity == "warning"
    assert readers.says.startswith("somebody reads how the file was")
    assert f"process {pid} ({sys.executable} -c " in readers.details[0]
    assert "MB behind" in readers.details[0]
    assert readers.numbers["behind_bytes"] > 10_000_000
    assert seen(found, "wal").numbers["waiting_bytes"] > 10_000_000
    assert any(f"process {pid}" in line and line.endswith(": reads") for line in seen(found, "locks").details)
    commit(queue, 800_000)
    assert seen(queue.doctor(), "readers").severity == "ok"


def test_a_verify_that_nobody_ends_is_one_too(queue: adc.SqliteQueue) -> None:
    commit(queue, 400_000)
    with apsw.Connection(queue.doctor().path) as other:
        other.execute("DELETE FROM adc_jobs WHERE seq < 3")
    findings = queue.verify()
    next(findings)
    commit(queue, 10_000_000)

    assert "(this one)" not in "".join(seen(queue.doctor(), "readers").details)
    assert seen(queue.doctor(), "readers").severity == "warning"


def test_who_writes_is_named(queue: adc.SqliteQueue, db: Path) -> None:
    with other_process(db, WRITES) as pid:
        details = seen(queue.doctor(), "locks").details

    (other,) = (line for line in details if f"process {pid}" in line)
    assert other.endswith(": writes, reads")


def test_what_isn_t_in_the_file_yet_is_what_a_checkpoint_counts(queue: adc.SqliteQueue, db: Path) -> None:
    commit(queue, 800_000)
    with closing(apsw.Connection(str(db))) as other:
        other.execute("SELECT count(*) FROM adc_jobs").fetchall()
        waiting = seen(queue.doctor(), "wal").numbers["waiting_bytes"]
        frames, written_back = other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    assert waiting == frames * (PAGE + 24) > 0
    assert frames == written_back
    assert seen(queue.doctor(), "wal").numbers["waiting_bytes"] == 0


def test_a_large_wal_is_told(queue: adc.SqliteQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(queue, 400_000)
    monkeypatch.setattr(symptoms, "LARGE_WAL", 100_000)

    assert seen(queue.doctor(), "wal").severity == "warning"


def test_runners_are_named_by_the_lock_that_their_process_holds(queue: adc.SqliteQueue) -> None:
    router, began, go_on = adc.RunnerRouter(), Event(), Event()

    @router.handles(NOTE)
    def note(_: adc.Job[str]) -> None:
        began.set()
        go_on.wait()

    queue.schedule(NOTE.new("a"))
    events = adc.JobRunner(queue, router, concurrency=1).events()
    started = next(events)
    assert isinstance(started, adc.RunnerStarted)
    began.wait()
    found = queue.doctor()
    go_on.set()
    events.close()

    assert seen(found, "runners").details[0].startswith(f"{started.runner}, threads, process")
    assert seen(found, "runners").numbers == {"alive": 1, "gone": 0, "jobs": 1}
    assert f"runs jobs as {started.runner}" in seen(found, "locks").details[0]


def test_jobs_of_runners_that_are_gone_are_told(db: Path) -> None:
    program = (
        "import os, sys, adc; queue = adc.SqliteQueue.open(sys.argv[1]); kind = adc.JobKind('note', str); "
        "queue.schedule(kind.new('a')); queue.poll_next(kind); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, db], check=False)

    runners = seen(adc.doctor(db), "runners")

    assert (runners.severity, runners.says) == ("warning", "all are gone, with 1 jobs")
    assert "died, 1 job" in runners.details[0]


def make(path: Path, *statements: str) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        for statement in statements:
            connection.execute(statement)


def not_a_database(path: Path) -> None:
    path.write_bytes(b"no database" * 1_000)


def another_database(path: Path) -> None:
    make(path, "CREATE TABLE orders (id INTEGER PRIMARY KEY)")


def of_the_original(path: Path) -> None:
    make(path, "CREATE TABLE adc_queue (jid TEXT, payload BLOB)")


def of_a_later_adc(path: Path) -> None:
    adc.SqliteQueue.open(path).close()
    make(path, "UPDATE adc_meta SET value = '99' WHERE key IN ('format', 'min_reader')")


def with_another_table(path: Path) -> None:
    adc.SqliteQueue.open(path).close()
    make(path, "DROP TABLE adc_paused", "CREATE TABLE adc_paused (queue)")


def damaged(path: Path) -> None:
    with adc.SqliteQueue.open(path) as queue:
        commit(queue, 400_000)
    content = bytearray(path.read_bytes())
    content[100:PAGE] = bytes(PAGE - 100)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (not_a_database, "file is not a database"),
        (another_database, "there is no queue of adc in it"),
        (of_the_original, "file of the Rust original"),
        (of_a_later_adc, "its format is 99"),
        (with_another_table, "its table adc_paused isn't the one that adc makes"),
        (damaged, "malformed"),
    ],
)
def test_a_file_that_is_no_queue_of_this_adc_is_told_and_all_else_too(
    db: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(db)
    before = db.read_bytes()

    found = adc.doctor(db)

    assert found.severity == "error"
    assert said in seen(found, "file").says
    assert seen(found, "file").advice
    assert seen(found, "disk").severity == "ok"
    assert db.read_bytes() == before


def test_an_older_format_is_looked_at_and_not_migrated(db: Path) -> None:
    make(db, FIRST, "INSERT INTO adc_meta VALUES ('format', '1'), ('min_reader', '1')", "PRAGMA journal_mode = WAL")
    before = db.read_bytes()

    assert seen(adc.doctor(db), "file").says.startswith("a queue of format 1")
    assert db.read_bytes() == before


def test_a_file_that_somebody_keeps_for_himself_is_told(db: Path) -> None:
    adc.SqliteQueue.open(db).close()
    with other_process(db, EXCLUDES) as pid:
        found = adc.doctor(db)

    file = seen(found, "file")
    assert (file.severity, file.says) == ("error", "it can't be read: database is locked")
    (holder,) = seen(found, "locks").details
    assert f"process {pid} (" in holder
    assert "keeps it for itself alone" in holder


def test_without_a_file_there_is_nothing_to_say(db: Path) -> None:
    with pytest.raises(adc.NoQueue):
        adc.doctor(db)
    with adc.SqliteQueue.open(":memory:") as queue, pytest.raises(adc.NoQueue):
        queue.doctor()
    assert list(db.parent.iterdir()) == []


def test_a_switched_off_wal_is_told(db: Path) -> None:
    adc.SqliteQueue.open(db).close()
    make(db, "PRAGMA journal_mode = DELETE")

    assert seen(adc.doctor(db), "durability").severity == "error"


def test_other_rights_are_told(db: Path) -> None:
    adc.SqliteQueue.open(db).close()
    assert seen(adc.doctor(db), "permissions").severity == "ok"

    db.chmod(0o644)
    db.parent.chmod(0o755)

    rights = seen(adc.doctor(db), "permissions")
    assert (rights.severity, rights.advice) == ("warning", "chmod o= jobs.db")


def test_the_numbers_are_for_programs(queue: adc.SqliteQueue) -> None:
    numbers = {each.about: dict(each.numbers) for each in queue.doctor().observations}

    assert json.loads(json.dumps(numbers)) == numbers
    assert set(numbers["wal"]) == {"bytes", "waiting_bytes"}
    assert numbers["space"]["bytes"] > numbers["space"]["free_bytes"] == 0


def test_polled_jobs_are_seen_as_held(queue: adc.SqliteQueue) -> None:
    queue.schedule(NOTE.new("a"))
    claimed = queue.poll_next(NOTE)
    assert claimed is not None

    assert seen(queue.doctor(), "runners").numbers == {"alive": 1, "gone": 0, "jobs": 1}


def test_a_link_is_told_and_the_file_is_looked_at(queue: adc.SqliteQueue, db: Path) -> None:
    queue.schedule(NOTE.new("a"))
    link = db.parent / "link.db"
    link.symlink_to(db)

    found = adc.doctor(link)

    assert seen(found, "permissions").says.startswith("its name is a symbolic link")
    assert seen(found, "wal").numbers["bytes"] > 0
    assert seen(found, "wal").numbers["waiting_bytes"] > 0
    assert seen(found, "readers").severity == "ok"


def test_where_the_file_may_not_be_written_it_is_read_or_that_is_told(db: Path) -> None:
    with adc.SqliteQueue.open(db) as queue:
        queue.schedule(NOTE.new("a"))
    for directory in takewhile(lambda each: each != Path(gettempdir()), db.parents):
        directory.chmod(0o755)
    db.chmod(0o644)
    program = (
        "import os, sys, adc\n"
        "adc.doctor(sys.argv[1])\n"  # all that is imported for it may be out of reach then
        "if not os.getuid(): os.setuid(65534)\n"
        "found = adc.doctor(sys.argv[1])\n"
        "print(*(f'{each.severity} {each.about}' for each in found.observations))"
    )

    done = subprocess.run([sys.executable, "-c", program, db], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "error file" in done.stdout
    assert "warning permissions" in done.stdout
    assert [each.name for each in db.parent.iterdir()] == ["jobs.db"]


def test_why_this_process_may_not_use_its_queue_any_more_is_told(queue: adc.SqliteQueue, db: Path) -> None:
    queue.schedule(NOTE.new("a"))
    child = os.fork()
    if not child:  # a forked child may not even open it
        file = seen(queue.doctor(), "file")
        os._exit(0 if (file.severity, "forked from" in file.says) == ("error", True) else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert queue.doctor().severity == "ok"


def test_a_closed_queue_says_that(db: Path) -> None:
    queue = adc.SqliteQueue.open(db)
    queue.close()

    with pytest.raises(adc.StoreClosed):
        queue.doctor()


def test_a_runner_tells_of_a_wal_that_grows(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "BOUND", 1)
    monkeypatch.setattr(growth, "INTERVAL", Span(0))
    router = adc.RunnerRouter()
    router.handles(NOTE)(lambda _: None)
    sizes: list[int] = []

    with adc.SqliteQueue.open(db, durability="normal") as queue:
        runner = adc.JobRunner(queue, router, concurrency=1)
        with closing(runner.events(timedelta(milliseconds=20))) as events:
            for event in events:
                if isinstance(event, adc.WalGrowing):
                    sizes.append(event.bytes)
                    break
                if isinstance(event, adc.RunnerStarted | adc.Happened):
                    queue.schedule(NOTE.new("x" * 10_000))
        assert 0 < sizes[0] <= seen(queue.doctor(), "wal").numbers["bytes"]
