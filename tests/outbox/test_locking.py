"""The outbox and other writers: the write lock comes first, and who can't have it is told at once."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from adc import outbox
from adc.kind import JobKind

NOTE = JobKind("note", int)


@pytest.fixture
def two(path: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    mine, other = (sqlite3.connect(path, isolation_level=None, timeout=0) for _ in range(2))
    mine.execute("CREATE TABLE orders (number INTEGER PRIMARY KEY)")
    yield mine, other
    mine.close()
    other.close()


def test_the_first_statement_takes_the_write_lock(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    """Were it a read, another process could commit before the first write, which would then be refused for good."""
    mine, other = two
    ran: list[str] = []
    mine.set_trace_callback(ran.append)

    mine.execute("BEGIN DEFERRED")
    other.execute("INSERT INTO orders VALUES (1)")
    outbox.schedule(mine, NOTE.new(1))
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("INSERT INTO orders VALUES (2)")
    mine.execute("COMMIT")

    assert ran[:3] == ["BEGIN DEFERRED", "UPDATE adc_meta SET value = value WHERE 0", "SAVEPOINT adc_outbox"]
    assert mine.execute("SELECT count(*) FROM job_events").fetchone() == (1,)


def test_without_a_transaction_the_first_statement_of_its_own_takes_it(
    two: tuple[sqlite3.Connection, sqlite3.Connection],
) -> None:
    mine, _ = two
    ran: list[str] = []
    mine.set_trace_callback(ran.append)

    outbox.schedule(mine, NOTE.new(1))

    assert ran[:3] == [
        "UPDATE adc_meta SET value = value WHERE 0",
        "SAVEPOINT adc_outbox",
        "UPDATE adc_meta SET value = value WHERE 0",
    ]
    assert not mine.in_transaction


def test_a_transaction_that_has_read_what_is_outdated_is_refused_and_leaves_nothing(
    two: tuple[sqlite3.Connection, sqlite3.Connection],
) -> None:
    mine, other = two

    mine.execute("BEGIN DEFERRED")
    mine.execute("SELECT count(*) FROM orders").fetchone()
    other.execute("INSERT INTO orders VALUES (1)")
    with pytest.raises(sqlite3.OperationalError) as refused:
        outbox.schedule(mine, NOTE.new(1))
    mine.execute("ROLLBACK")
    mine.execute("BEGIN DEFERRED")
    outbox.schedule(mine, NOTE.new(1))
    mine.execute("COMMIT")

    assert refused.value.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT
    assert mine.execute("SELECT count(*) FROM job_events").fetchone() == (1,)


def test_a_busy_file_is_what_the_connection_says_it_is(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    mine, other = two
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        outbox.schedule(mine, NOTE.new(1))
    other.execute("COMMIT")

    assert not mine.in_transaction
    outbox.schedule(mine, NOTE.new(1))
    assert mine.execute("SELECT count(*) FROM adc_jobs").fetchone() == (1,)
