"""Runners of other processes get what applications commit, within one poll, and nothing else; under concurrent work."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

from adc import outbox
from adc.core.ids import Xid
from adc.queue import SqliteQueue
from tests.outbox.lenders import LENDERS, Lender, Sqlite3
from tests.outbox.runner import NOTE

ROOT = Path(__file__).parent.parent.parent
POLL = 1.0
SLACK = 5.0
"""What a loaded machine may take for all else."""


@contextmanager
def runner(path: Path, poll: float) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.outbox.runner", str(path), str(poll)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:  # closing its input ends it
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_runner_in_another_process_sees_the_job_within_one_poll(lender: Lender, path: Path) -> None:
    with runner(path, POLL) as process:
        lender.begin()
        outbox.schedule(lender.connection, NOTE.new(1))
        lender.rollback()
        lender.begin()
        outbox.schedule(lender.connection, NOTE.new(2))
        lender.commit()
        committed = time.time()
        assert process.stdout is not None
        payload, ran = process.stdout.readline().split()

    assert payload == "2"
    assert float(ran) - committed < POLL + SLACK


def test_while_runners_work_what_is_committed_runs_once_and_what_is_not_never(path: Path) -> None:
    """Four threads, each with a connection and transactions of its own; half of them are rolled back."""
    lender = Sqlite3(path)
    lender.run("CREATE TABLE orders (jid TEXT PRIMARY KEY)")
    lender.close()

    def produce(seed: int) -> None:
        random = Random(seed)
        mine = Sqlite3(path)
        mine.connection.execute("PRAGMA busy_timeout = 60000")
        for number in range(25):
            jid = outbox.schedule(mine.connection, NOTE.new(number))
            mine.connection.execute("INSERT INTO orders VALUES (?)", (jid,))
            (mine.commit if random.random() < 0.5 else mine.rollback)()
        mine.close()

    with runner(path, 0.05), runner(path, 0.05), ThreadPoolExecutor(4) as threads:
        list(threads.map(produce, range(4)))
    with SqliteQueue.open(path) as queue:
        scheduled = [entry.jid for entry in queue.events(limit=10_000) if entry.type == "JobScheduled"]
        findings = list(queue.verify())
        waiting = queue.counts()["scheduled"]
        done = queue.counts()["done"]
    lender = Sqlite3(path)
    orders = [Xid(jid) for (jid,) in lender.run("SELECT jid FROM orders")]
    lender.close()

    assert findings == []
    assert 0 < len(orders) < 100
    assert sorted(scheduled) == sorted(orders)
    assert waiting + done == len(orders)


def test_the_process_that_schedules_opens_the_file_by_its_own_sqlite_only(path: Path, tmp_path: Path) -> None:
    """In a fresh process: once its connection is closed, it has no descriptor of the file left."""
    assert set(LENDERS) >= {"sqlite3", "Django"}
    code = """
import os, sqlite3, sys
from adc import outbox
from tests.outbox.runner import NOTE
def opened():
    links = (f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd"))
    return sorted(os.readlink(link) for link in links if os.path.exists(link) and sys.argv[1] in os.readlink(link))
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
before = opened()
outbox.schedule(connection, NOTE.new(1))
connection.commit()
assert opened() == before, (before, opened())
connection.close()
assert opened() == []
"""
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=True)


def test_a_process_that_has_a_queue_on_the_file_too_is_told(path: Path, tmp_path: Path) -> None:
    """But not one whose connection is of adc's own SQLite, or whose queue is on another file."""
    code = """
import sqlite3, sys, adc, apsw
from adc import outbox
from tests.outbox.runner import NOTE
connection = sqlite3.connect(sys.argv[1])
other = adc.SqliteQueue.open(sys.argv[2])
memory = adc.SqliteQueue.open(":memory:")
outbox.schedule(connection, NOTE.new(1))
connection.commit()
try:
    adc.SqliteQueue.open(sys.argv[1])
except adc.MixedSqlite as error:
    print(error)
connection.close()
queue = adc.SqliteQueue.open(sys.argv[1])
connection = sqlite3.connect(sys.argv[1])
try:
    outbox.schedule(connection, NOTE.new(1))
except adc.MixedSqlite as error:
    print(error)
connection.rollback()
connection.close()
mine = apsw.Connection(sys.argv[1])
outbox.schedule(mine, NOTE.new(1))
"""
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "other.db")]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)

    assert "of this process is of" in done.stdout.splitlines()[0]
    assert f"{path}: schedule: this process has a queue on this file, by another copy of SQLite." in done.stdout
    with SqliteQueue.open(path) as queue:
        assert queue.counts()["scheduled"] == 2
