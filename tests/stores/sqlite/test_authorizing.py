"""Authorizing: a connection of adc does what adc does, to adc's own tables, whatever is in the file beside them."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType

import apsw
import pytest

from adc.core.instants import Span
from adc.ports.trouble import ForeignFile
from adc.stores.sqlite import auditing_queries, pruning_queries, queries, rows
from adc.stores.sqlite.authorizing import EXAMINES, READS, RIGHTS, WRITES, Deed, authorize
from adc.stores.sqlite.examining import examined
from adc.stores.sqlite.opening import open_connection, open_store
from adc.stores.sqlite.verifying import verify_file
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import Moves, nth, order

THEIRS = """
CREATE TABLE customers (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT DEFAULT (strftime('%s', 'now')) CHECK (length(name) < 9),
    upper AS (upper(name))
);
CREATE INDEX by_name ON customers (lower(name)) WHERE instr(name, 'x') = 0;
INSERT INTO customers (name) VALUES ('a');
CREATE VIEW all_customers AS SELECT trim(name) FROM customers;
CREATE TABLE kept (job TEXT REFERENCES adc_jobs (jid) ON DELETE CASCADE);
CREATE TABLE log (what);
CREATE TRIGGER customer AFTER INSERT ON customers
BEGIN INSERT INTO log SELECT count(*) FROM adc_jobs; END;
"""
FORBIDDEN = (
    "UPDATE job_events SET actor = 'x'",
    "UPDATE job_events SET data = '{}', body = NULL",
    "DELETE FROM job_events",
    "UPDATE adc_jobs SET jid = 'x'",
    "UPDATE adc_meta SET value = '1'",
    "UPDATE sqlite_sequence SET seq = 0",
    "DELETE FROM sqlite_sequence",
    "SELECT name FROM customers",
    "SELECT count(*) FROM customers",
    "SELECT * FROM all_customers",
    "SELECT * FROM adc_queue",
    "SELECT * FROM adc_jobs JOIN customers",
    "SELECT (SELECT name FROM customers) FROM adc_jobs",
    "INSERT INTO adc_meta SELECT name, name FROM customers",
    "INSERT INTO customers (name) VALUES ('b')",
    "UPDATE customers SET name = 'b'",
    "DELETE FROM customers",
    "ATTACH ':memory:' AS a",
    "VACUUM",
    "VACUUM INTO 'copy.db'",
    "CREATE TABLE t (a)",
    "CREATE TEMP TABLE t (a)",
    "CREATE TEMP TRIGGER t AFTER INSERT ON adc_jobs BEGIN SELECT 1; END",
    "CREATE VIEW v AS SELECT 1",
    "CREATE INDEX i ON adc_jobs (queue)",
    "CREATE VIRTUAL TABLE v USING fts5 (a)",
    "ALTER TABLE adc_jobs ADD COLUMN a",
    "DROP TABLE adc_jobs",
    "DROP TRIGGER job_events_delete",
    "DROP INDEX adc_queue_jobs",
    "REINDEX",
    "ANALYZE",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = OFF",
    "PRAGMA user_version = 1",
    "PRAGMA application_id = 1",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA trusted_schema = ON",
    "PRAGMA table_info(customers)",
    "PRAGMA wal_checkpoint",
    "SELECT load_extension('x')",
    "SELECT fts3_tokenizer('x')",
    "SELECT randomblob(9)",
    "SELECT zeroblob(1000000000)",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM pragma_table_list",
    "SAVEPOINT a",
)


def shared(path: Path) -> Path:
    """The file of an application, with a queue in it."""
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(THEIRS)
    with closing(open_store(str(path), "normal", Span(0))) as store:
        Moves(store).schedule(order(1), order(2))
    return path


def content(path: Path) -> list[object]:
    with closing(apsw.Connection(str(path))) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return [
            connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall(),
            *(connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables),
        ]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_what_adc_never_says_is_refused(statement: str, path: Path) -> None:
    before = content(shared(path))

    with closing(open_connection(str(path), "normal", Span(0))) as connection:
        with pytest.raises((apsw.AuthError, apsw.SQLError), match=r"not authorized|prohibited|no such table|denied"):
            connection.execute(statement).fetchall()
        connection.execute(queries.BEGIN)
        connection.execute(queries.ROLLBACK)

    assert content(path) == before


@pytest.mark.parametrize("deeds", [READS, EXAMINES], ids=["who reads", "who examines"])
@pytest.mark.parametrize("write", [queries.TOUCH, queries.UNTOUCH, queries.DELETE_JOB, queries.ERASE_BODIES])
def test_who_only_reads_writes_nothing(deeds: frozenset[Deed], write: str, path: Path) -> None:
    with closing(open_connection(str(path), "normal", Span(0), deeds=deeds)) as connection:
        with pytest.raises(apsw.AuthError):
            connection.execute(write, (None,) * write.count("?"))
        assert rows.number(connection, queries.LAST_SEQ) == 0


@pytest.mark.parametrize("deeds", [WRITES, EXAMINES, RIGHTS], ids=["who writes", "who examines", "who puts right"])
@pytest.mark.parametrize("function", ["load_extension('x')", "fts3_tokenizer('x')"])
def test_nobody_calls_what_loads_code(deeds: frozenset[Deed], function: str) -> None:
    with closing(open_connection(":memory:", "normal", Span(0), deeds=deeds)) as connection:
        with pytest.raises(apsw.Error, match="not authorized"):
            connection.execute(f"SELECT {function}")
        with pytest.raises(apsw.Error, match="not authorized"):
            connection.load_extension("x")


def said_by(module: ModuleType) -> Iterator[tuple[str, str]]:
    for name, value in vars(module).items():
        if isinstance(value, str) and name.isupper() and not name.startswith("_"):
            yield f"{module.__name__.rpartition('.')[2]}.{name}", value


SAID = dict(each for module in (queries, auditing_queries, pruning_queries) for each in said_by(module))
ELSEWHERE = {
    *("queries.WRITE_FORMAT", "queries.WRITE_MIN_READER"),
    *("pruning_queries.TAKE", "pruning_queries.COUNT_ARCHIVED"),
    "auditing_queries.KEEP_DATABASE_ID",
}
"""What is said while a file is made, or by a connection that is there for nothing else."""


def test_what_a_store_and_an_audit_say_is_allowed_and_nothing_else_of_what_is_said() -> None:
    refused = set()
    with closing(open_connection(":memory:", "normal", Span(0))) as connection:
        for name, statement in SAID.items():
            try:
                connection.execute(f"EXPLAIN {re.sub('[:?][a-z0-9_]*', 'NULL', statement)}")
            except apsw.AuthError:
                refused.add(name)

    assert refused == ELSEWHERE


@pytest.mark.parametrize(
    "trigger",
    [
        "CREATE TRIGGER spy AFTER INSERT ON job_events BEGIN UPDATE adc_jobs SET priority = 9; END",
        "CREATE TRIGGER spy AFTER INSERT ON adc_jobs BEGIN INSERT INTO customers (name) VALUES (new.jid); END",
        "CREATE TRIGGER level AFTER INSERT ON adc_jobs BEGIN UPDATE adc_jobs SET priority = 9; END",
    ],
)
def test_a_trigger_that_somebody_adds_while_the_file_is_open_never_runs(trigger: str, path: Path) -> None:
    before = content(shared(path))
    with closing(open_store(str(path), "normal", Span(0))) as store:
        Moves(store).schedule(order(1))  # so that the statements are prepared
        with closing(apsw.Connection(str(path))) as other:
            other.execute(trigger)

        with pytest.raises(ForeignFile, match="not authorized"):
            Moves(store).schedule(order(3))

        with closing(apsw.Connection(str(path))) as other:
            other.execute(f"DROP TRIGGER {trigger.split()[2]}")
        assert content(path) == before
        Moves(store).schedule(order(3))
        check_laws(store, [nth(1), nth(2), nth(3)])


def test_an_application_s_foreign_keys_do_nothing_here(path: Path) -> None:
    shared(path)
    with closing(apsw.Connection(str(path))) as other:
        other.execute("INSERT INTO kept VALUES (?)", (nth(1),))

    with closing(open_store(str(path), "normal", Span(0))) as store:
        Moves(store).finish(nth(1))

    with closing(apsw.Connection(str(path))) as other:
        assert other.execute("SELECT job FROM kept").fetchall() == [(nth(1),)]


def test_a_file_with_an_application_s_tables_is_verified(path: Path) -> None:
    """SQLite's own check asks for the functions of their columns."""
    assert list(verify_file(str(shared(path)))) == []

    with examined(str(path)) as connection, pytest.raises(apsw.AuthError):
        connection.execute("SELECT name FROM customers")


def test_it_is_asked_when_a_statement_is_prepared_and_not_when_it_runs(path: Path) -> None:
    asked = 0
    with closing(open_connection(str(path), "normal", Span(0))) as connection:
        authorize(connection, WRITES)
        allows = connection.authorizer
        assert allows is not None

        def counting(*deed: object) -> int:
            nonlocal asked
            asked += 1
            return allows(*deed)  # type: ignore[arg-type]

        connection.authorizer = counting
        store_like = [(queries.BEGIN, ()), (queries.HISTORY, (nth(1),)), (queries.COMMIT, ())]
        for statement, given in store_like:
            connection.execute(statement, given).fetchall()
        first = asked
        for statement, given in store_like * 50:
            connection.execute(statement, given).fetchall()

    assert first > 0
    assert asked == first
