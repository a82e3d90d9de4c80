"""Verify: a file as adc leaves it is sound; whatever was done to it past adc is found, and is never an error."""

import shutil
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path

import apsw
import pytest

from adc.auditing.finding import Finding, Law
from adc.auditing.stored import StoredEvent
from adc.core.commands import Cancel, Fail
from adc.core.instants import Span
from adc.ports.trouble import NoQueue, OutOfMemory, StoreBusy, StoreTrouble
from adc.stores.sqlite import auditing_queries
from adc.stores.sqlite.migrations import FIRST, SCHEMA_SQL
from adc.stores.sqlite.opening import open_store
from adc.stores.sqlite.pages import PAGE
from adc.stores.sqlite.scanning import StoredJob
from adc.stores.sqlite.verifying import verify_file
from adc.testing.samples import FAULT
from adc.testing.store_moves import NOW, Moves, nth, order
from adc.testing.store_walks import Walk
from tests.elsewhere import copied
from tests.faults.failing_disk import Fault, failing_disk
from tests.faults.real_file import make_file

DONE, STARTED, DEAD, WAITING, ERASED = map(nth, range(1, 6))
TRIGGERS = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a job in each state."""
    path = tmp_path_factory.mktemp("sound") / "jobs.db"
    store = open_store(str(path), "normal", Span(0))
    moves = Moves(store)
    moves.schedule(*(order(number, key=f"k{number}") for number in range(1, 6)))
    moves.finish(DONE)
    moves.claim(STARTED)
    moves.must(Fail(DEAD, NOW, moves.claim(DEAD), FAULT, "permanent"))
    moves.must(Cancel(ERASED, NOW))
    moves.erase(ERASED)
    store.close()
    return path


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    """A copy of it, to do something to."""
    return Path(shutil.copy(sound, tmp_path / "jobs.db"))


def edit(path: Path, *statements: str) -> None:
    """The triggers are dropped, and put back."""
    with closing(apsw.Connection(str(path))) as connection:
        triggers = connection.execute(TRIGGERS).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(str(sql))


def found(path: Path) -> list[Finding]:
    return list(verify_file(str(path)))


def test_nothing_is_found_in_a_file_as_adc_leaves_it(path: Path, tmp_path: Path) -> None:
    make_file(tmp_path / "real.db")

    assert found(path) == found(tmp_path / "real.db") == []


@pytest.mark.parametrize("seed", range(6))
def test_whatever_was_asked_of_a_store_nothing_is_found(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "walked.db"
    store = open_store(str(path), "normal", Span(0))
    Walk(store, seed).run(30)

    assert found(path) == []
    store.close()


def test_a_new_file_and_one_made_by_sql_are_sound(tmp_path: Path) -> None:
    open_store(str(tmp_path / "new.db"), "normal", Span(0)).close()
    with closing(apsw.Connection(str(tmp_path / "by_sql.db"))) as connection:
        connection.execute(SCHEMA_SQL)

    assert found(tmp_path / "new.db") == found(tmp_path / "by_sql.db") == []


def test_a_file_of_an_earlier_format_is_checked_by_that_format(tmp_path: Path) -> None:
    path = tmp_path / "first.db"
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(FIRST)
        connection.execute("INSERT INTO adc_meta VALUES ('format', '1'), ('min_reader', '1')")

    assert found(path) == []
    edit(path, "DROP INDEX adc_dead_jobs")
    assert found(path) == [Finding("schema", "its index adc_dead_jobs is missing")]


EDITS: dict[str, tuple[str, list[Law]]] = {
    "a payload": ("UPDATE job_events SET body = x'00' WHERE seq = 4", ["body"]),
    "an event that is gone": ("DELETE FROM job_events WHERE seq = 6", ["sequence", "history"]),
    "the last event": ("DELETE FROM job_events WHERE seq = 12", ["body"]),
    "a job that is gone": (
        "DELETE FROM job_events WHERE jid = (SELECT jid FROM job_events WHERE seq = 1)",
        ["sequence"],
    ),
    "a number": ("UPDATE job_events SET seq = 99 WHERE seq = 4", ["sequence", "state", "state"]),
    "a number below zero": ("UPDATE job_events SET seq = -4 WHERE seq = 4", ["sequence", "state"]),
    "the last number": ("INSERT INTO adc_meta VALUES ('last_seq', '99')", ["sequence"]),
    "no number as the last one": ("INSERT INTO adc_meta VALUES ('last_seq', '-99')", ["meta"]),
    "a time": ("UPDATE job_events SET at = at + 1 WHERE seq = 6", ["chain"]),
    "a time that is in the text too": (
        "UPDATE job_events SET data = '{\"at\":1,' || substr(data, 2) WHERE seq = 6",
        ["chain", "columns"],
    ),
    "a job's id": (
        "UPDATE job_events SET jid = '0000000000000000000v' WHERE seq = 4",
        ["chain", "state"],
    ),
    "an id that isn't UTF-8": ("UPDATE job_events SET jid = CAST(x'ff' AS TEXT) WHERE seq = 4", ["event", "state"]),
    "a text that isn't UTF-8": ("UPDATE job_events SET actor = CAST(x'ff' AS TEXT) WHERE seq = 4", ["event"]),
    "the same in a row": ("UPDATE adc_jobs SET queue = CAST(x'ff' AS TEXT)", ["state", "state", "state"]),
    "a row of the first id that isn't UTF-8": (
        "UPDATE adc_jobs SET jid = CAST(x'ff' AS TEXT) WHERE seq = 2",
        ["state"] * 2,
    ),
    "a row that is there twice": (
        "INSERT INTO adc_jobs SELECT 99, jid, queue, job_type, payload_version, priority, scheduled_at, enqueued_at, "
        "started_at, attempt, retries, crashes, runner, cancel_asked_at, died_at, reason, version, head FROM adc_jobs "
        "WHERE seq = 4",
        ["state"],
    ),
    "a row that is gone": ("DELETE FROM adc_jobs WHERE seq = 4", ["state"]),
    "a row too many": (
        "INSERT INTO adc_jobs SELECT 1, (SELECT jid FROM job_events WHERE seq = 1), queue, job_type, payload_version, "
        "priority, scheduled_at, enqueued_at, started_at, attempt, retries, crashes, runner, cancel_asked_at, died_at, "
        "reason, version, head FROM adc_jobs WHERE seq = 4",
        ["state"],
    ),
    "rows of jobs that nobody knows": ("UPDATE adc_jobs SET jid = seq || 'vvv' WHERE seq > 2", ["state"] * 4),
    "a queue that isn't paused": ("INSERT INTO adc_paused VALUES ('mail', 7)", ["paused"]),
    "a queue that isn't text": ("INSERT INTO adc_paused VALUES (CAST(x'ff' AS TEXT), 7)", ["paused"]),
    "a trigger less": ("DROP TABLE adc_paused", ["schema"]),
    "a foreign trigger": (
        "CREATE TRIGGER mine AFTER INSERT ON adc_jobs BEGIN SELECT 1; END",
        ["schema"],
    ),
    "an index of somebody else's": ("CREATE INDEX mine ON adc_jobs (version)", []),
    "another view": ("DROP VIEW adc_queue", ["schema"]),
    "a later format": ("UPDATE adc_meta SET value = '99' WHERE key = 'format'", ["meta"]),
    "no format": ("DELETE FROM adc_meta WHERE key = 'format'", ["meta"]),
    "a format that is no number": ("UPDATE adc_meta SET value = '²' WHERE key = 'format'", ["meta"]),
    "a reader above the format": ("UPDATE adc_meta SET value = '9' WHERE key = 'min_reader'", ["meta"]),
    "another database id": ("UPDATE adc_meta SET value = 'mine' WHERE key = 'database_id'", ["meta"]),
    "meta that isn't UTF-8": ("UPDATE adc_meta SET value = CAST(x'ff' AS TEXT) WHERE key = 'database_id'", ["meta"]),
    "no meta": ("DROP TABLE adc_meta", ["schema", "meta", "meta"]),
    "no rows": ("DROP TABLE adc_jobs", ["schema"] * 4),
}


@pytest.mark.parametrize(("statement", "laws"), EDITS.values(), ids=EDITS)
def test_an_edit_is_found(statement: str, laws: list[Law], path: Path) -> None:
    edit(path, statement)

    assert [finding.law for finding in found(path)] == laws


def test_all_tables_being_gone_is_one_finding(tmp_path: Path) -> None:
    """So it is with a file that never was a queue."""
    path = tmp_path / "theirs.db"
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("CREATE TABLE customers (name TEXT)")

    assert found(path) == [Finding("schema", "there is no queue of adc in this file")]


def test_a_table_that_is_another_one_is_not_read(path: Path) -> None:
    """It could be a view that never ends."""
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i AS seq FROM n"
    edit(path, "DROP TABLE adc_jobs", f"CREATE VIEW adc_jobs AS {endless}")

    assert {finding.law for finding in found(path)} == {"schema"}


def test_a_value_of_another_type_is_found_by_sqlite_and_by_its_row(path: Path) -> None:
    """STRICT tables refuse it; a bit of damage can make it all the same."""
    table = "CREATE TABLE copy AS SELECT * FROM"
    edit(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name IN ('job_events', 'adc_jobs')",
        "PRAGMA writable_schema = RESET",
    )
    edit(
        path,
        f"{table} job_events",
        "UPDATE job_events SET actor = x'00' WHERE seq = 4",
        "UPDATE adc_jobs SET queue = x'00' WHERE seq = 2",
        "DROP TABLE copy",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = sql || ' STRICT' WHERE name IN ('job_events', 'adc_jobs')",
        "PRAGMA writable_schema = RESET",
    )

    findings = found(path)

    assert [finding.law for finding in findings] == ["file", "file", "state", "event"]
    assert [finding.seq for finding in findings[2:]] == [2, 4]


BYTES: dict[str, tuple[slice, str]] = {
    "no database": (slice(0, 16), "file is not a database"),
    "a page of it": (slice(PAGE, 2 * PAGE), "ptrmap"),
    "the objects": (slice(100, PAGE), "malformed"),
}


@pytest.mark.parametrize(("where", "problem"), BYTES.values(), ids=BYTES)
def test_bytes_that_are_others_are_a_finding_and_no_error(where: slice, problem: str, path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[where] = b"\xee" * (where.stop - where.start)
    path.write_bytes(content)

    findings = found(path)

    assert {finding.law for finding in findings} >= {"file"}
    assert problem in "".join(finding.problem for finding in findings)
    assert path.read_bytes() == content


@pytest.mark.parametrize("table", ["job_events", "adc_jobs", "sqlite_autoindex_job_events_1", "adc_queue_jobs"])
def test_a_page_that_is_damaged_is_told_and_what_can_be_read_is_checked(table: str, path: Path) -> None:
    edit(path, "UPDATE adc_meta SET value = 'mine' WHERE key = 'database_id'")
    with closing(apsw.Connection(str(path))) as connection:
        root: int = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).get
    content = bytearray(path.read_bytes())
    content[(root - 1) * PAGE : root * PAGE] = b"\xee" * PAGE
    path.write_bytes(content)

    findings = found(path)

    assert {finding.law for finding in findings} >= {"file", "meta"}
    assert all("\n" not in finding.problem for finding in findings)


def test_half_a_file_is_a_finding(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    assert {finding.law for finding in found(path)} >= {"file"}


def test_no_file_is_trouble_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(NoQueue, match="no such file"):
        found(tmp_path / "none.db")

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_locked_is_trouble_and_no_finding(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as other:
        other.execute("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE").fetchall()

        with pytest.raises(StoreBusy):
            list(verify_file(str(path), Span(0)))


def test_a_directory_is_trouble(tmp_path: Path) -> None:
    with pytest.raises(StoreTrouble):
        found(tmp_path)


def test_the_file_is_left_as_it_was_and_nothing_beside_it(path: Path) -> None:
    content = path.read_bytes()

    assert found(path) == []

    assert path.read_bytes() == content
    assert [each.name for each in path.parent.iterdir()] == ["jobs.db"]


def test_commits_that_a_crash_left_beside_the_file_are_checked_and_stay(path: Path) -> None:
    store = open_store(str(path), "normal", Span(0))
    Moves(store).schedule(order(7))
    crashed = path.parent / "crashed.db"
    for end in ("", "-wal"):
        copied(Path(f"{path}{end}"), Path(f"{crashed}{end}"))
    store.close()
    before = [Path(f"{crashed}{end}").read_bytes() for end in ("", "-wal")]

    assert found(crashed) == []

    assert [Path(f"{crashed}{end}").read_bytes() for end in ("", "-wal")] == before
    edit(crashed, "DELETE FROM adc_jobs WHERE seq = 13")
    assert [(finding.law, finding.seq) for finding in found(crashed)] == [("state", 13)]


def test_it_sees_one_moment_and_holds_nobody_up(path: Path) -> None:
    store = open_store(str(path), "normal", Span(0))
    moves = Moves(store)
    with closing(apsw.Connection(str(path))) as other:
        other.execute("DELETE FROM adc_jobs; UPDATE adc_meta SET value = 'mine' WHERE key = 'database_id'").fetchall()
    findings = store.verify()
    seen = [next(findings)]  # it has begun

    moves.schedule(order(8), order(9))
    moves.finish(nth(8))

    seen += findings
    assert [finding.law for finding in seen] == ["meta", "state", "state", "state"]
    assert moves.job(nth(9)).version == 1
    store.close()


def test_the_store_is_asked_what_it_has_and_a_closed_one_says_so(path: Path) -> None:
    for name in (str(path), ":memory:"):
        store = open_store(name, "normal", Span(0))
        assert list(store.verify()) == []
        store.close()
        with pytest.raises(StoreTrouble, match="closed"):
            store.verify()


@pytest.fixture
def connection(path: Path) -> Iterator[apsw.Connection]:
    with closing(apsw.Connection(str(path))) as connection:
        yield connection


def test_every_column_is_checked(connection: apsw.Connection) -> None:
    """A column that is added to a table has to be added here too."""
    jobs = [name for _, name, *_ in connection.execute("PRAGMA table_info(adc_jobs)")]
    events = [name for _, name, *_ in connection.execute("PRAGMA table_info(job_events)")]

    assert sorted(StoredJob._fields) == sorted(jobs)
    assert list(StoredEvent._fields) == events


@pytest.mark.parametrize("query", [auditing_queries.EVENTS_BY_JOB, auditing_queries.STRAYS])
def test_nothing_is_sorted(query: str, connection: apsw.Connection) -> None:
    """A sort would need memory for each row."""
    plan = " ".join(str(detail) for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {query}"))

    assert "TEMP B-TREE" not in plan


def test_a_lack_of_memory_is_no_damage(path: Path) -> None:
    with closing(open_store(str(path), "normal", Span(0))) as store:
        apsw.hard_heap_limit(apsw.memory_used())
        try:
            with pytest.raises(OutOfMemory):
                list(store.verify())
        finally:
            apsw.hard_heap_limit(0)

        assert list(store.verify()) == []


@pytest.mark.parametrize("at", range(0, 32, 8))
def test_who_asks_for_no_more_while_there_is_no_memory_is_told_nothing_more(path: Path, at: int) -> None:
    """The file can't be closed either: that is no finding for somebody who has left."""
    fault = Fault(at, "NOMEM", "for ever")
    with failing_disk(fault):
        findings = verify_file(str(path))
        fault.arm()
        with suppress(StoreTrouble):
            next(findings, None)
            assert isinstance(findings, Generator)
            findings.close()
        fault.armed = False

    assert fault.hits
