"""compact: free pages go back to the system while others write, and the -wal is made empty."""

import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

import adc
from adc.testing.fixed import FixedClock

NOTE = adc.JobKind("note", str)
READER = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute("BEGIN")
connection.execute("SELECT count(*) FROM job_events").fetchall()
print(flush=True)
sys.stdin.read()
"""
WRITER = """
import os, sys, adc
kind = adc.JobKind("note", str)
with adc.SqliteQueue.open(sys.argv[1], durability="normal") as queue:
    while True:
        queue.schedule(kind.new("y"))
        os.write(1, b".")
"""


def free_some(queue: adc.SqliteQueue, jobs: int = 100) -> None:
    """Some 10 kB of each job are free then."""
    for jid in queue.schedule_many(NOTE.new("x" * 10_000) for _ in range(jobs)):
        queue.cancel_job(jid)
        queue.erase(jid)


def size(path: Path) -> int:
    return sum(Path(f"{path}{suffix}").stat().st_size for suffix in ("", "-wal") if Path(f"{path}{suffix}").exists())


def test_what_was_erased_gives_its_room_back(queue: adc.SqliteQueue, db: Path) -> None:
    free_some(queue)
    before = size(db)
    assert before > 1_000_000

    done = queue.compact()

    assert (done.before, done.after) == (before, size(db))
    assert done.after < before // 2
    assert (done.free, done.wal, done.gives_back) == (0, 0, True)
    assert list(queue.verify()) == []
    queue.schedule(NOTE.new("a"))


def test_again_there_is_nothing_to_do(queue: adc.SqliteQueue) -> None:
    free_some(queue)
    first = queue.compact()

    again = queue.compact()

    assert (again.before, again.after) == (first.after, first.after)


def test_writers_go_on_meanwhile(queue: adc.SqliteQueue, db: Path) -> None:
    free_some(queue, 600)  # so many pages that it takes several transactions
    with subprocess.Popen([sys.executable, "-c", WRITER, db], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.read(1)
        before = queue.counts()["scheduled"]
        done = queue.compact()
        between = queue.counts()["scheduled"] - before
        writer.kill()

    assert between > 5
    assert done.free < 100_000  # how large the file is then depends on how much was written meanwhile
    assert done.after < done.before
    assert list(queue.verify()) == []


def test_a_reader_keeps_the_wal_and_that_is_told(queue: adc.SqliteQueue, db: Path) -> None:
    free_some(queue)
    command, pipe = [sys.executable, "-c", READER, str(db)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        held_up = queue.compact()
        reader.kill()

    assert held_up.wal > 0
    assert held_up.free == 0
    assert queue.compact().after < held_up.after // 2


def test_the_file_of_an_application_keeps_its_free_pages(db: Path) -> None:
    """VACUUM could renumber its rows, and lets everybody wait: that isn't adc's to do."""
    with closing(apsw.Connection(str(db))) as application:
        application.execute("CREATE TABLE orders (what TEXT)")
        application.execute(adc.SCHEMA_SQL)
    with adc.SqliteQueue.open(db) as queue:
        free_some(queue)

        done = queue.compact()

        assert not done.gives_back
        assert done.free > 700_000
        assert done.wal == 0
        assert list(queue.verify()) == []


def test_with_auto_vacuum_a_vacuum_makes_it_one_that_gives_back(db: Path) -> None:
    with closing(apsw.Connection(str(db))) as application:
        application.execute("CREATE TABLE orders (what TEXT)")
        application.execute(adc.SCHEMA_SQL)
    adc.SqliteQueue.open(db).close()
    with closing(apsw.Connection(str(db))) as application:
        application.execute("PRAGMA auto_vacuum = INCREMENTAL")
        application.execute("VACUUM")
    with adc.SqliteQueue.open(db) as queue:
        free_some(queue)

        assert queue.compact().gives_back
        assert list(queue.verify()) == []


def test_an_archive_has_nothing_to_give(queue: adc.SqliteQueue, clock: FixedClock, tmp_path: Path) -> None:
    queue.cancel_job(queue.schedule(NOTE.new("a")))
    clock.advance(timedelta(days=1))
    queue.prune(done_before=clock.at, archive=tmp_path / "old.db")

    with adc.SqliteQueue.open(tmp_path / "old.db") as archive:
        assert archive.compact().free == 0


def test_a_queue_in_memory_has_no_file() -> None:
    with adc.SqliteQueue.open(":memory:") as queue:
        assert queue.compact().after == 0


def test_in_a_write_transaction_it_is_refused(queue: adc.SqliteQueue) -> None:
    with queue.store.writing(), pytest.raises(adc.StoreTrouble, match="is in a write transaction already"):
        queue.compact()
