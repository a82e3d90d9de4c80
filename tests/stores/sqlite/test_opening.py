"""Opening: a new file becomes adc's, one that is adc's stays as it is, and every other is left as it was."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from time import monotonic

import apsw
import pytest

from adc.core.instants import SECOND, Span
from adc.ports.trouble import CannotOpen, ForeignFile, FutureVersion, StoreBusy, StoreDamaged, StoreTrouble
from adc.stores.sqlite.migrations import APPLICATION_ID, FORMAT, MIN_READER, SCHEMA_SQL
from adc.stores.sqlite.opening import Durability, configure, open_connection, open_store
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import Moves, nth, order
from tests.elsewhere import copied

BUDGET = Span(SECOND)

ORIGINAL = """
CREATE TABLE adc_queue (
    jid TEXT PRIMARY KEY, queue TEXT NOT NULL DEFAULT 'default', job_type TEXT NOT NULL, payload BLOB NOT NULL,
    retries INT NOT NULL DEFAULT 0, scheduled_at INTEGER NOT NULL, started_at INTEGER,
    enqueued_at INTEGER NOT NULL DEFAULT (strftime('%s', 'now')), priority TINYINT NOT NULL DEFAULT 0
);
CREATE INDEX adc_queue_jobs ON adc_queue (scheduled_at ASC, started_at ASC, queue, job_type);
CREATE TABLE adc_dead_queue (
    jid TEXT PRIMARY KEY, queue TEXT NOT NULL, job_type TEXT NOT NULL, payload BLOB NOT NULL, retries INT NOT NULL,
    scheduled_at INTEGER NOT NULL, started_at INTEGER NOT NULL, enqueued_at INTEGER NOT NULL,
    died_at INTEGER NOT NULL DEFAULT (strftime('%s', 'now')), priority TINYINT NOT NULL DEFAULT 0
);
INSERT INTO adc_queue (jid, job_type, payload, scheduled_at) VALUES ('ce5g6hm1qhm0g9v7l4q0', 'mail', x'00', 7);
"""
OURS = f"{SCHEMA_SQL}; INSERT INTO adc_meta (key, value) VALUES ('database_id', 'x')"


LYING = f"{OURS}; CREATE TABLE app (a); PRAGMA writable_schema = ON"


def hidden(kind: str, name: str, table: str) -> str:
    """A trigger on adc_jobs, of which the schema says something else."""
    trigger = "CREATE TRIGGER spy AFTER UPDATE OF priority ON adc_jobs BEGIN UPDATE adc_jobs SET reason = 9; END"
    return f"{LYING}; INSERT INTO sqlite_schema VALUES ('{kind}', '{name}', '{table}', 0, '{trigger}')"


def setting(value: object) -> str:
    return f"{OURS}; UPDATE adc_meta SET value = {value} WHERE key = 'format'"


FOREIGN: dict[str, tuple[str, type[StoreTrouble], str]] = {
    "the Rust original's": (ORIGINAL, ForeignFile, "adc_queue is a table here"),
    "the original's, in WAL mode": (f"PRAGMA journal_mode = WAL; {ORIGINAL}", ForeignFile, "the Rust original"),
    "the original's dead queue only": ("CREATE TABLE adc_dead_queue (jid TEXT)", ForeignFile, "adc_dead_queue is a"),
    "with a log, but no adc_meta": ("CREATE TABLE job_events (seq INTEGER)", ForeignFile, "a table job_events, but no"),
    "with a log in other letters": ("CREATE TABLE Job_Events (seq INTEGER)", ForeignFile, "a table Job_Events"),
    "with a view of that name": ("CREATE VIEW adc_jobs AS SELECT 1", ForeignFile, "a view adc_jobs"),
    "with an index of that name": (
        "CREATE TABLE app (a); CREATE INDEX adc_dead_jobs ON app (a)",
        ForeignFile,
        "an? index adc_dead_jobs",
    ),
    "with another adc_meta": ("CREATE TABLE adc_meta (volts REAL)", ForeignFile, "adc_meta is another one"),
    "with an empty adc_meta": ("CREATE TABLE adc_meta (key TEXT, value TEXT)", ForeignFile, "its format is None"),
    "without a format": (f"{OURS}; DELETE FROM adc_meta", ForeignFile, "its format is None"),
    "of format 0": (setting("'0'"), ForeignFile, "its format is '0'"),
    "of format x": (setting("'x'"), ForeignFile, "its format is 'x'"),
    "of the next format": (setting(f"'{FORMAT + 1}'"), FutureVersion, f"format is {FORMAT + 1}.*up to {FORMAT}"),
    "of a format far ahead": (setting("'99'"), FutureVersion, "its format is 99"),
    "that lacks a table": (f"{OURS}; DROP TABLE adc_runners", ForeignFile, "table adc_runners isn't the one"),
    "that lacks a guard": (f"{OURS}; DROP TRIGGER job_events_delete", ForeignFile, "trigger job_events_delete isn't"),
    "with another column": (f"{OURS}; ALTER TABLE adc_jobs ADD COLUMN note TEXT", ForeignFile, "table adc_jobs isn't"),
    "with a unique index on our table": (
        f"{OURS}; CREATE UNIQUE INDEX app ON job_events (actor)",
        ForeignFile,
        "a unique index app on a table of adc",
    ),
    "with a generated column": (
        f"{OURS}; ALTER TABLE adc_jobs ADD COLUMN note TEXT AS (upper(jid))",
        ForeignFile,
        "table adc_jobs isn't",
    ),
    "with a table that isn't strict": (
        f"{LYING}; UPDATE sqlite_schema SET sql = replace(sql, ' STRICT', '') WHERE name = 'adc_jobs'",
        ForeignFile,
        "table adc_jobs isn't",
    ),
    "with a column of another type": (
        f"{LYING}; UPDATE sqlite_schema SET sql = replace(sql, 'INTEGER', 'ANY') WHERE name = 'adc_jobs'",
        ForeignFile,
        "table adc_jobs isn't",
    ),
    "with a view in place of a table": (
        f"{OURS}; DROP TABLE adc_paused; CREATE VIEW adc_paused AS SELECT 'q' AS queue, 1 AS at",
        ForeignFile,
        "table adc_paused isn't",
    ),
    "with other views": (
        f"{OURS}; DROP VIEW adc_queue; CREATE VIEW adc_queue AS SELECT load_extension('x')",
        ForeignFile,
        "view adc_queue isn't",
    ),
    "with two tables in one place": (
        f"{LYING}; UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'app')"
        " WHERE name = 'adc_paused'",
        StoreDamaged,
        "a.* has the same place in it as something else",
    ),
    "with a trigger said to be on another table": (
        hidden("trigger", "spy", "app"),
        StoreDamaged,
        "malformed database schema",
    ),
    "with a trigger said to be an index": (hidden("index", "spy", "app"), StoreDamaged, "malformed database schema"),
    "with a trigger under another name": (hidden("trigger", "good", "app"), StoreDamaged, "malformed database schema"),
    "with a trigger on our table": (
        f"{OURS}; CREATE TRIGGER spy AFTER INSERT ON adc_jobs BEGIN UPDATE adc_jobs SET priority = 9; END",
        ForeignFile,
        "a trigger spy on a table of adc",
    ),
}


def make(path: Path, script: str) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(script).fetchall()


def files(path: Path) -> dict[str, bytes]:
    """All files of the directory. Only while no connection is open: closing a file drops all its locks."""
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


@pytest.mark.parametrize(("script", "trouble", "problem"), FOREIGN.values(), ids=FOREIGN)
def test_a_file_is_refused_and_left_as_it_was(
    script: str, trouble: type[StoreTrouble], problem: str, path: Path
) -> None:
    make(path, script)
    before = files(path)

    with pytest.raises(trouble, match=problem) as raised:
        open_store(str(path), "full", BUDGET)

    assert raised.value.path == str(path)
    assert raised.value.operation == "open"
    assert files(path) == before


@pytest.mark.parametrize("content", [b"hello", b"x" * 5_000, b"SQLite format 4\0" + b"\0" * 4_080, b"\0" * 4_096])
def test_a_file_that_is_no_database_is_damaged_and_left_as_it_was(content: bytes, path: Path) -> None:
    path.write_bytes(content)

    with pytest.raises(StoreDamaged):
        open_store(str(path), "full", BUDGET)

    assert files(path) == {path.name: content}


@pytest.mark.parametrize("place", [".", "missing/jobs.db", "jobs.db/jobs.db"])
def test_a_place_where_no_file_can_be_is_told(place: str, path: Path) -> None:
    path.touch()

    with pytest.raises(CannotOpen) as raised:
        open_store(str(path.parent / place), "full", BUDGET)

    assert str(path.parent) in raised.value.path
    assert raised.value.code & 0xFF == apsw.SQLITE_CANTOPEN


LEFT = f"""
PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
{OURS}; CREATE TRIGGER spy AFTER INSERT ON adc_jobs BEGIN SELECT 1; END
"""


@pytest.mark.parametrize("with_shm", [False, True])
def test_what_a_crash_has_left_beside_a_foreign_file_stays_as_it_was(with_shm: bool, path: Path) -> None:
    whole = path.with_name("whole.db")
    with closing(apsw.Connection(str(whole))) as connection:
        connection.execute(LEFT).fetchall()
        for suffix in ("", "-wal", *(["-shm"] if with_shm else [])):
            copied(Path(f"{whole}{suffix}"), Path(f"{path}{suffix}"))
    whole.unlink()
    before = files(path)

    with pytest.raises(ForeignFile, match="a trigger spy"):
        open_store(str(path), "full", BUDGET)

    after = files(path)
    assert {name: after[name] for name in after if not name.endswith("-shm")} == {
        name: before[name] for name in before if not name.endswith("-shm")
    }
    assert after.keys() == before.keys()


def test_a_change_that_a_crash_broke_off_in_a_foreign_file_stays_so(path: Path) -> None:
    """A journal says how to undo it, which SQLite does as soon as it reads."""
    program = (
        "import apsw, os, sys\n"
        "connection = apsw.Connection(sys.argv[1])\n"
        "connection.execute(sys.argv[2])\n"
        "connection.execute('PRAGMA cache_size = 1; BEGIN')\n"
        "connection.execute('UPDATE adc_queue SET payload = zeroblob(90000)')\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program, str(path), ORIGINAL], check=True)
    before = files(path)
    assert before.keys() == {path.name, f"{path.name}-journal"}

    with pytest.raises(ForeignFile, match="the Rust original"):
        open_store(str(path), "full", BUDGET)

    assert files(path) == before


def test_what_a_crash_has_left_beside_adc_s_own_is_taken_over(path: Path) -> None:
    whole = path.with_name("whole.db")
    with closing(open_store(str(whole), "normal", BUDGET)) as store:
        Moves(store).schedule(order(1))
        for suffix in ("", "-wal"):
            copied(Path(f"{whole}{suffix}"), Path(f"{path}{suffix}"))

    with closing(open_store(str(path), "normal", BUDGET)) as store:
        check_laws(store, [nth(1)])

    assert [each.name for each in path.parent.iterdir() if each.name.startswith(path.name)] == [path.name]


def test_an_empty_name_is_no_temporary_database() -> None:
    with pytest.raises(CannotOpen):
        open_store("", "full", BUDGET)


def test_a_place_without_shared_memory_cannot_have_a_wal(path: Path) -> None:
    with closing(apsw.Connection(str(path), vfs="unix-dotfile")) as connection, pytest.raises(CannotOpen, match="WAL"):
        configure(connection, str(path), "full")


@pytest.mark.parametrize(("durability", "synchronous"), [("full", 2), ("normal", 1)])
def test_a_new_file_is_set_up_as_asked(durability: Durability, synchronous: int, path: Path) -> None:
    with closing(open_connection(str(path), durability, BUDGET)) as connection:
        connection.authorizer = None  # adc itself doesn't ask for most of them
        settings = {
            name: connection.pragma(name)
            for name in (
                *("application_id", "auto_vacuum", "journal_mode", "synchronous", "trusted_schema", "mmap_size"),
                *("cell_size_check", "temp_store", "secure_delete", "encoding", "page_size", "wal_autocheckpoint"),
            )
        }
        written = {str(key): str(value) for key, value in connection.execute("SELECT key, value FROM adc_meta")}

    assert settings == {
        "application_id": APPLICATION_ID,
        "auto_vacuum": 2,  # incremental
        "journal_mode": "wal",
        "synchronous": synchronous,
        "trusted_schema": 0,
        "mmap_size": 0,
        "cell_size_check": 1,
        "temp_store": 2,  # memory
        "secure_delete": 1,
        "encoding": "UTF-8",
        "page_size": 2_048,
        "wal_autocheckpoint": 2_048,  # 4 MiB
    }
    assert written["format"] == str(FORMAT)
    assert written["min_reader"] == str(MIN_READER)
    assert len(written["database_id"]) == 32


def test_opening_again_changes_nothing(path: Path) -> None:
    open_connection(str(path), "full", BUDGET).close()
    before = files(path)

    open_connection(str(path), "full", BUDGET).close()

    assert files(path) == before


def test_an_application_keeps_its_own_file(path: Path) -> None:
    make(
        path,
        """
        PRAGMA user_version = 7; PRAGMA application_id = 99;
        CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);
        INSERT INTO customers (name) VALUES ('a'), ('b'), ('c');
        CREATE TABLE log (text); CREATE TRIGGER t AFTER INSERT ON customers BEGIN INSERT INTO log VALUES ('new'); END;
        """,
    )

    moves = Moves(open_store(str(path), "full", BUDGET))
    moves.schedule(order(1), order(2))
    moves.finish(nth(1))

    check_laws(moves.store, (nth(1), nth(2)))  # numbers begin at 1, whatever other tables count
    with closing(apsw.Connection(str(path))) as other:
        assert other.pragma("user_version") == 7
        assert other.pragma("application_id") == 99
        other.execute("INSERT INTO customers (name) VALUES ('d')")
        assert other.execute("SELECT id FROM customers").fetchall() == [(1,), (2,), (3,), (4,)]
        assert other.execute("SELECT text FROM log").fetchall() == [("new",)]
        other.execute("CREATE INDEX app_by_kind ON adc_jobs (job_type)")  # does no harm
    moves.store.close()
    open_store(str(path), "full", BUDGET).close()


def test_an_application_s_numbers_stay_though_it_has_no_table_yet(path: Path) -> None:
    make(path, "PRAGMA user_version = 7; PRAGMA application_id = 99")

    open_store(str(path), "full", BUDGET).close()

    with closing(apsw.Connection(str(path))) as other:
        assert (other.pragma("user_version"), other.pragma("application_id")) == (7, 99)


def test_an_application_s_own_triggers_may_be_about_adc_s_tables(path: Path) -> None:
    make(
        path,
        f"""{OURS}; CREATE TABLE app (a); CREATE TABLE log (what);
        CREATE TRIGGER t AFTER INSERT ON app BEGIN INSERT INTO log SELECT count(*) FROM adc_jobs; END;
        CREATE VIEW due AS SELECT * FROM adc_queue;
        CREATE INDEX of_theirs ON adc_jobs (job_type, lower(queue));
        """,
    )

    with closing(open_store(str(path), "full", BUDGET)) as store:
        Moves(store).schedule(order(1))

    with closing(apsw.Connection(str(path))) as other:
        other.execute("INSERT INTO app VALUES (1)")
        assert other.execute("SELECT what FROM log").fetchall() == [(1,)]


def test_the_schema_as_sql_makes_what_opening_makes(path: Path) -> None:
    by_hand = path.with_name("by-hand.db")
    make(by_hand, SCHEMA_SQL)
    open_connection(str(path), "full", BUDGET).close()

    schemas = []
    for each in (by_hand, path):
        with closing(apsw.Connection(str(each))) as connection:
            schemas.append(set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()))
    assert schemas[0] == schemas[1]

    moves = Moves(open_store(str(by_hand), "full", BUDGET))
    moves.schedule(order(1))
    moves.store.close()
    with closing(apsw.Connection(str(by_hand))) as connection:
        assert connection.execute("SELECT length(value) FROM adc_meta WHERE key = 'database_id'").get == 32


def test_opening_waits_for_a_locked_file_as_long_as_its_budget_and_no_longer(path: Path) -> None:
    make(path, "CREATE TABLE app (a)")
    with closing(apsw.Connection(str(path))) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        began = monotonic()

        with pytest.raises(StoreBusy) as raised:
            open_store(str(path), "full", Span(SECOND // 10))

        assert 0.1 <= monotonic() - began < 2  # and not once for every try of the opening
        assert (raised.value.operation, raised.value.path) == ("open", str(path))
        holder.execute("ROLLBACK")
    open_store(str(path), "full", Span(0)).close()


@pytest.mark.parametrize("name", ["file:jobs.db?mode=memory", "jobs?.db", "jörg ☂.db", "a%20b.db", " .db"])
def test_the_name_of_a_file_is_just_a_name(name: str, path: Path) -> None:
    place = path.with_name(name)

    open_store(str(place), "full", BUDGET).close()

    assert [each.name for each in path.parent.iterdir()] == [name]


def test_what_is_in_memory_is_nobody_else_s() -> None:
    one, another = (Moves(open_store(":memory:", "full", BUDGET)) for _ in range(2))
    one.schedule(order(1))

    assert another.store.history(nth(1)) == ()
