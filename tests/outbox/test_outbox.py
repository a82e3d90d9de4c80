"""The outbox: one transaction of the application's own connection has its rows and the job, or neither."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest
from returns.result import Failure, Success

from adc import outbox
from adc.core.ids import Xid
from adc.core.refusals import JidTaken, KeyTaken
from adc.handling.cause import caused_by
from adc.kind import JobKind, NewJob
from adc.ports.trouble import ForeignFile, FutureVersion, NoQueue, PastVersion, ReadOnlyArchive, StoreTrouble
from adc.queue import SqliteQueue
from adc.refused import Refused
from adc.stores.sqlite.migrations import FIRST, SCHEMA_SQL
from adc.testing.fixed import FixedClock
from tests.outbox.lenders import LENDERS, Apsw, Django, Lender, Sqlite3

NOTE = JobKind("note", dict[str, int])
NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)


def note(number: int = 1, key: str | None = None) -> NewJob:
    return NOTE.new({"number": number}, key=key)


def counted(lender: Lender) -> tuple[int, int, int]:
    """Events, jobs that aren't over, orders."""
    tables = ("job_events", "adc_jobs", "orders")
    events, jobs, orders = (lender.run(f"SELECT count(*) FROM {table}")[0][0] for table in tables)
    return events, jobs, orders


def test_a_rollback_leaves_neither_the_job_nor_the_order(lender: Lender) -> None:
    lender.begin()
    outbox.schedule(lender.connection, note())
    lender.run("INSERT INTO orders VALUES (1)")
    lender.rollback()

    assert counted(lender) == (0, 0, 0)


def test_a_commit_leaves_both_once(lender: Lender, path: Path) -> None:
    job = note(7)

    lender.begin()
    lender.run("INSERT INTO orders VALUES (1)")
    assert outbox.schedule(lender.connection, job) == outbox.schedule(lender.connection, job) == job.jid
    lender.commit()
    lender.begin()
    assert outbox.schedule(lender.connection, job) == job.jid
    lender.commit()

    assert counted(lender) == (1, 1, 1)
    lender.close()
    with SqliteQueue.open(path) as queue:
        assert list(queue.verify()) == []
        assert queue.unschedule_job(NOTE, job.jid) == Success({"number": 7})


def test_the_job_is_the_one_that_the_queue_itself_would_have_stored(lender: Lender, path: Path, tmp_path: Path) -> None:
    job = NOTE.new({"number": 1}, key="k%?", queue="slow", priority=5, meta={"a": "b%s?"}).after(timedelta(minutes=5))
    lender.begin()
    with caused_by("request:100%?"):
        outbox.schedule(lender.connection, job, actor="caller:me", clock=FixedClock(NOW))
    lender.commit()
    lender.close()

    with (
        SqliteQueue.open(tmp_path / "other.db", actor="caller:me", clock=FixedClock(NOW)) as other,
        caused_by("request:100%?"),
    ):
        other.schedule(job)

    contents = [
        [connection.execute(f"SELECT * FROM {table}").fetchall() for table in ("job_events", "adc_jobs")]
        for connection in (apsw.Connection(str(path)), apsw.Connection(str(tmp_path / "other.db")))
    ]
    assert contents[0] == contents[1]


@pytest.mark.parametrize("lend", LENDERS.values(), ids=LENDERS.keys())
def test_a_job_that_is_over_does_not_come_back(lend: type[Apsw], path: Path) -> None:
    job = note(key="once")
    with SqliteQueue.open(path) as queue:
        queue.schedule(job)
        queue.cancel_job(job.jid)

    lender: Lender = lend(path)
    lender.begin()
    lender.run("CREATE TABLE orders (number INTEGER PRIMARY KEY)")
    assert outbox.schedule(lender.connection, job) == job.jid
    assert outbox.schedule(lender.connection, note(key="once")) == job.jid
    lender.commit()

    assert counted(lender) == (2, 0, 0)
    lender.close()


def test_a_refusal_leaves_nothing_and_the_transaction_goes_on(lender: Lender) -> None:
    first = note(1, key="order-1")
    other = NewJob(first.jid, NOTE, b'{"number":9}', note(9).terms)

    lender.begin()
    lender.run("INSERT INTO orders VALUES (1)")
    outbox.schedule(lender.connection, first)
    with pytest.raises(Refused) as refused:
        outbox.schedule(lender.connection, note(2, key="order-1"))
    assert outbox.try_schedule(lender.connection, other) == Failure(JidTaken(first.jid))
    lender.commit()

    assert refused.value.refusal == KeyTaken("order-1", first.jid)
    assert counted(lender) == (1, 1, 1)


def test_outside_of_a_transaction_it_is_committed_whole(path: Path) -> None:
    for lend in (Apsw, Sqlite3):
        lender = lend(path)
        if isinstance(lender, Sqlite3):
            lender.connection.isolation_level = None
        jid = outbox.schedule(lender.connection, note())
        lender.close()
        with SqliteQueue.open(path) as queue:
            assert queue.counts()["scheduled"] > 0
            assert [entry.type for entry in queue.history(jid)] == ["JobScheduled"]


@pytest.mark.parametrize("lend", LENDERS.values(), ids=LENDERS.keys())
def test_numbers_go_on_where_the_log_ends(lend: type[Apsw], path: Path) -> None:
    with SqliteQueue.open(path) as queue:
        queue.schedule_many(note(number) for number in range(3))

    lender: Lender = lend(path)
    lender.begin()
    outbox.schedule(lender.connection, note())
    lender.rollback()
    lender.begin()
    outbox.schedule(lender.connection, note())
    outbox.schedule(lender.connection, note())
    lender.commit()

    assert [seq for (seq,) in lender.run("SELECT seq FROM job_events ORDER BY seq")] == [1, 2, 3, 4, 5]
    assert [seq for (seq,) in lender.run("SELECT seq FROM adc_jobs ORDER BY seq")] == [1, 2, 3, 4, 5]
    lender.close()


@pytest.mark.parametrize("lend", LENDERS.values(), ids=LENDERS.keys())
def test_a_file_without_tables_is_told_and_they_can_be_made(lend: type[Apsw], tmp_path: Path) -> None:
    path = tmp_path / "bare.db"
    lender: Lender = lend(path)
    lender.begin()
    lender.run("CREATE TABLE orders (number INTEGER PRIMARY KEY)")
    lender.run("PRAGMA user_version = 17")
    with pytest.raises(NoQueue, match=r"adc\.outbox\.make_tables"):
        outbox.schedule(lender.connection, note())
    outbox.make_tables(lender.connection)
    outbox.make_tables(lender.connection)
    outbox.schedule(lender.connection, note())
    lender.commit()

    assert counted(lender) == (1, 1, 0)
    assert lender.run("PRAGMA user_version")[0][0] == 17
    assert lender.run("PRAGMA application_id")[0][0] == 0
    lender.close()
    with SqliteQueue.open(path) as queue:
        assert (list(queue.verify()), queue.counts()["scheduled"]) == ([], 1)


UNFIT: dict[str, tuple[str, type[StoreTrouble]]] = {
    "no number as its format": ("UPDATE adc_meta SET value = 'x' WHERE key = 'format'", ForeignFile),
    "no number as its reader": ("DELETE FROM adc_meta WHERE key = 'min_reader'", ForeignFile),
    "a later format that this adc can't write": (
        "UPDATE adc_meta SET value = '99' WHERE key IN ('format', 'min_reader')", FutureVersion
    ),
    "an archive": ("INSERT INTO adc_meta VALUES ('archive_of', 'f')", ReadOnlyArchive),
    "a trigger on the log": (
        "CREATE TRIGGER mine AFTER INSERT ON job_events BEGIN INSERT INTO orders VALUES (NULL); END", ForeignFile
    ),
    "another table of jobs": ("ALTER TABLE adc_jobs ADD COLUMN mine TEXT", ForeignFile),
    "a missing index": ("DROP INDEX adc_dead_jobs", ForeignFile),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "trouble"), UNFIT.values(), ids=UNFIT.keys())
def test_a_file_that_is_not_fit_gets_nothing(sql: str, trouble: type[StoreTrouble], path: Path) -> None:
    lender = Sqlite3(path)
    lender.run("CREATE TABLE orders (number INTEGER PRIMARY KEY)")
    lender.run(sql)

    lender.run("INSERT INTO orders VALUES (1)")
    with pytest.raises(trouble) as raised:
        outbox.schedule(lender.connection, note())
    with pytest.raises(trouble):
        outbox.make_tables(lender.connection)
    lender.commit()

    assert raised.value.path == str(path)
    assert counted(lender) == (0, 0, 1)
    lender.close()


def test_a_later_format_that_this_adc_can_write_gets_jobs(path: Path) -> None:
    lender = Sqlite3(path)
    lender.run("UPDATE adc_meta SET value = '99' WHERE key = 'format'")
    lender.run("CREATE TABLE adc_later (x)")

    outbox.schedule(lender.connection, note())

    assert lender.run("SELECT count(*) FROM job_events") == [(1,)]
    lender.close()


def test_an_earlier_format_is_told(tmp_path: Path) -> None:
    lender = Sqlite3(tmp_path / "old.db")
    lender.connection.executescript(f"{FIRST}; INSERT INTO adc_meta VALUES ('format', '1'), ('min_reader', '1');")

    with pytest.raises(PastVersion, match="its format is 1"):
        outbox.schedule(lender.connection, note())
    lender.close()
    SqliteQueue.open(tmp_path / "old.db").close()
    lender = Sqlite3(tmp_path / "old.db")
    outbox.schedule(lender.connection, note())
    lender.close()


def test_tables_of_others_are_not_taken_for_adcs(tmp_path: Path) -> None:
    lender = Sqlite3(tmp_path / "rust.db")
    lender.run("CREATE TABLE adc_queue (jid TEXT PRIMARY KEY)")

    with pytest.raises(ForeignFile, match="adc_queue"):
        outbox.make_tables(lender.connection)

    assert lender.run("SELECT count(*) FROM sqlite_schema") == [(2,)]
    lender.close()


def test_the_schema_as_one_text_makes_the_same_tables(tmp_path: Path) -> None:
    lenders = [Sqlite3(tmp_path / name) for name in ("a.db", "b.db")]
    lenders[0].connection.executescript(SCHEMA_SQL)
    outbox.make_tables(lenders[1].connection)

    first, second = ([*lender.run("SELECT * FROM sqlite_schema")] for lender in lenders)
    assert first == second
    for lender in lenders:
        lender.close()


def test_what_goes_wrong_leaves_nothing_of_the_job_and_the_transaction_goes_on(path: Path) -> None:
    """The row can't be written once the event is: the job's place is taken."""
    lender = Sqlite3(path)
    lender.run("CREATE TABLE orders (number INTEGER PRIMARY KEY)")
    outbox.schedule(lender.connection, note())
    lender.run("UPDATE adc_jobs SET seq = 2")
    lender.run("INSERT INTO orders VALUES (1)")

    with pytest.raises(lender.connection.IntegrityError):
        outbox.schedule(lender.connection, note())
    lender.commit()

    assert counted(lender) == (1, 1, 1)
    lender.close()


def test_a_history_that_is_not_what_adc_writes_is_told(path: Path) -> None:
    job = note()
    lender = Sqlite3(path)
    outbox.schedule(lender.connection, job)
    lender.connection.text_factory = lambda _: 7.5

    with pytest.raises(StoreTrouble):
        outbox.schedule(lender.connection, job)
    lender.close()


def test_ids_are_ids(lender: Lender) -> None:
    lender.begin()
    jid: Xid = outbox.schedule(lender.connection, note())
    lender.commit()

    assert lender.run("SELECT jid FROM adc_jobs") in ([(jid,)], [(jid.encode(),)])


def test_django_may_log_the_statements(path: Path) -> None:
    lender = Django(path)
    lender.connection.force_debug_cursor = True

    outbox.schedule(lender.connection, note(key="100%s"), actor="50%")

    assert any("50%" in query["sql"] for query in lender.connection.queries)
    assert lender.run("SELECT key, actor FROM job_events") == [("100%s", "50%")]
    lender.connection.force_debug_cursor = False
    lender.close()
