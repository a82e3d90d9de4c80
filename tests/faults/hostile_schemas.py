"""Hostile schemas: what somebody may do to a queue's file with SQL, knowing adc's tables and SQLite's back doors.

What is written to the table `canary` shows that code of the file was run.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import product
from pathlib import Path
from typing import Final, TypeAlias

import apsw

Deed: TypeAlias = Callable[[Path], None]
"""What is done to the file at a path."""

CANARY: Final = "CREATE TABLE canary (what)"
SPOTTED: Final = "SELECT what FROM canary"
_SING: Final = "BEGIN INSERT INTO canary VALUES ('ran'); {} END"

_COLUMNS: Final = {
    "adc_meta": ("key", "value"),
    "job_events": ("seq", "jid", "version", "at", "type", "type_version", "actor", "cause", "data", "body", "digest"),
    "adc_jobs": (
        *("jid", "queue", "job_type", "payload_version", "priority", "scheduled_at", "enqueued_at", "started_at"),
        *("attempt", "retries", "crashes", "runner", "cancel_asked_at", "died_at", "reason", "version", "head"),
    ),
    "adc_runners": (
        *("runner", "host", "pid", "boot_id", "driver", "queues", "kinds", "started_at", "lease", "side_file"),
    ),
    "adc_paused": ("queue", "at"),
}
_OF_ANY_TYPE: Final = ("'text'", "''", "x'00ff'", "-1", "1.5", "9223372036854775807", "CAST(x'ff' AS TEXT)", "NULL")
_OF_ITS_TYPE: Final = ("CAST(x'c328' AS TEXT)", "'a' || char(0) || 'b'", "char(27) || '[2J'", "-9223372036854775808")
_ROLL: Final = """
INSERT INTO adc_runners (slot, runner, host, pid, boot_id, driver, queues, kinds, started_at, lease, side_file)
VALUES (7, 'a', 'here', 1, 'boot', 'threads', '["default"]', '[["invoice",1]]', 1, 30000000, '1:2')
"""


def scripts() -> dict[str, str]:
    """By name, what plain SQL does, with SQLite's guards off."""
    return {**_TRIGGERS, **_LIES, **_SHAPES, **_NUMBERS, **_VERSIONS, **_ROLLS, **_EVENTS}


_TRIGGERS: Final = {
    f"a trigger {when} on {table}": f"CREATE TRIGGER spy {when} ON {table} {_SING.format('')}"
    for table, when in product(_COLUMNS, ("BEFORE INSERT", "AFTER UPDATE", "AFTER DELETE"))
} | {
    "a trigger that rewrites payloads": f"""
        CREATE TRIGGER spy AFTER UPDATE ON adc_jobs {_SING.format("UPDATE job_events SET body = x'00';")}""",
    "a guard with another body": f"""
        DROP TRIGGER job_events_insert;
        CREATE TRIGGER job_events_insert BEFORE INSERT ON job_events {_SING.format("")}""",
    "a guard on another table": f"""
        DROP TRIGGER job_events_insert; CREATE TABLE app (a);
        CREATE TRIGGER job_events_insert BEFORE INSERT ON app {_SING.format("")}""",
    "a trigger on a view": f"CREATE TRIGGER spy INSTEAD OF INSERT ON adc_queue {_SING.format('')}",
}

_HIDDEN: Final = "CREATE TRIGGER {} AFTER {} ON {} BEGIN INSERT INTO canary VALUES (''ran''); END"
_LIES: Final = {
    f"a trigger on {table} said to be on {said}": f"""
        CREATE TABLE app (a);
        INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
        VALUES ('trigger', 'spy', '{said}', 0, '{_HIDDEN.format("spy", "INSERT", table)}')"""
    for table, said in (
        ("job_events", "app"),
        ("main.job_events", "app"),
        ("[JOB_EVENTS]", "app"),
        ("adc_runners", "missing"),
        ("adc_jobs", "sqlite_sequence"),
    )
} | {
    "a trigger under another name than its own": f"""
        INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
        VALUES ('trigger', 'harmless', 'app', 0, '{_HIDDEN.format("spy", "UPDATE", "adc_jobs")}')""",
    "a trigger said to be an index": f"""
        INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
        VALUES ('index', 'spy', 'adc_jobs', 0, '{_HIDDEN.format("spy", "INSERT", "job_events")}')""",
    "a trigger said to be a table": f"""
        INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
        VALUES ('table', 'spy', 'spy', 0, '{_HIDDEN.format("spy", "INSERT", "job_events")}')""",
    "a trigger of sqlite_sequence": f"""
        INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
        VALUES ('trigger', 'spy', 'sqlite_sequence', 0, '{_HIDDEN.format("spy", "UPDATE", "sqlite_sequence")}')""",
    "a table that is there twice": """
        INSERT INTO sqlite_schema SELECT * FROM sqlite_schema WHERE name = 'adc_jobs'""",
    "a table on another one's page": """
        UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'job_events')
        WHERE name = 'adc_jobs'""",
    "an index on another one's page": """
        UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'adc_dead_jobs')
        WHERE name = 'adc_queue_jobs'""",
    "a table on no page": "UPDATE sqlite_schema SET rootpage = 0 WHERE name = 'adc_jobs'",
    "a table far behind the end": "UPDATE sqlite_schema SET rootpage = 4000000 WHERE name = 'adc_runners'",
    "no SQL of a table": "UPDATE sqlite_schema SET sql = NULL WHERE name = 'adc_jobs'",
    "a type that SQLite has not": "UPDATE sqlite_schema SET type = 'spell' WHERE name = 'adc_dead_jobs'",
    "a blob as SQL": "UPDATE sqlite_schema SET sql = CAST(sql AS BLOB) WHERE name = 'adc_jobs'",
    "a name that is no UTF-8": "UPDATE sqlite_schema SET name = CAST(x'ff' AS TEXT) WHERE name = 'adc_paused'",
    "SQL that is no UTF-8": "UPDATE sqlite_schema SET sql = CAST(x'ff' AS TEXT) || sql WHERE name = 'adc_paused'",
}

_MANY: Final = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {})"
_SHAPES: Final = {
    "a view in place of a table": f"""
        ALTER TABLE adc_runners RENAME TO theirs; CREATE VIEW adc_runners AS SELECT * FROM theirs;
        CREATE TRIGGER spy INSTEAD OF INSERT ON adc_runners {_SING.format("")}""",
    "a view that never ends": """
        DROP VIEW adc_queue; CREATE VIEW adc_queue AS
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT n AS jid FROM n""",
    "a full-text table in place of a table": """
        DROP TABLE adc_paused; CREATE VIRTUAL TABLE adc_paused USING fts5 (queue, at)""",
    "a full-text table beside": "CREATE VIRTUAL TABLE adc USING fts5 (a); INSERT INTO adc VALUES ('x')",
    "a geometric table beside": "CREATE VIRTUAL TABLE app USING rtree (id, a, b)",
    "a full-text table whose shadow is gone": """
        CREATE VIRTUAL TABLE app USING fts5 (a); DELETE FROM sqlite_schema WHERE name = 'app_data'""",
    "a generated column": "ALTER TABLE adc_jobs ADD COLUMN note TEXT AS (upper(jid))",
    "a column with a default": "ALTER TABLE adc_runners ADD COLUMN note TEXT DEFAULT 'x'",
    "a unique index of its own": "CREATE UNIQUE INDEX app ON job_events (actor, seq % 2, type)",
    "an index over an expression": "CREATE INDEX app ON adc_jobs (abs(priority) + length(hex(head)))",
    "a foreign key to it": "CREATE TABLE app (a REFERENCES adc_jobs (seq) ON DELETE CASCADE)",
    "statistics that lie": """
        ANALYZE; DELETE FROM sqlite_stat1;
        INSERT INTO sqlite_stat1 VALUES ('adc_jobs', 'adc_queue_jobs', 'x y z'), ('adc_jobs', NULL, '-1')""",
    "a thousand tables": f"""
        {_MANY.format(1_000)} INSERT INTO sqlite_schema
        SELECT 'view', 'v' || n, 'v' || n, 0, 'CREATE VIEW v' || n || ' AS SELECT ' || n FROM n""",
    "a table with a megabyte of SQL": """
        INSERT INTO sqlite_schema VALUES ('view', 'v', 'v', 0, 'CREATE VIEW v AS SELECT 1 /*' ||
        printf('%1000000c', 'x') || '*/')""",
    "SQL nested deeply": """
        INSERT INTO sqlite_schema VALUES ('view', 'v', 'v', 0, 'CREATE VIEW v AS SELECT ' ||
        replace(printf('%20000c', ' '), ' ', '(') || 1)""",
    "names in capitals": "ALTER TABLE adc_paused RENAME TO adc_p; ALTER TABLE adc_p RENAME TO ADC_PAUSED",
}

_NUMBERS: Final = {
    "negative attempts": "UPDATE adc_jobs SET attempt = -attempt - 1",
    "attempts at the end of numbers": "UPDATE adc_jobs SET attempt = 9223372036854775807",
    "versions that went back": "UPDATE adc_jobs SET version = -1",
    "versions at the end of numbers": "UPDATE adc_jobs SET version = 9223372036854775807",
    "due at the end of time": "UPDATE adc_jobs SET scheduled_at = 9223372036854775807 WHERE started_at IS NULL",
    "due before all time": "UPDATE adc_jobs SET scheduled_at = -9223372036854775808",
    "started before all time": "UPDATE adc_jobs SET started_at = -9223372036854775808 WHERE started_at IS NOT NULL",
    "died past all time": "UPDATE adc_jobs SET died_at = 9223372036854775807 WHERE died_at IS NOT NULL",
    "priorities beyond any": "UPDATE adc_jobs SET priority = seq * 70368744177664",
    "heads that are empty": "UPDATE adc_jobs SET head = x''",
    "heads of a megabyte": "UPDATE adc_jobs SET head = zeroblob(1000000) WHERE seq < 5",
    "crashes without end": "UPDATE adc_jobs SET crashes = 9223372036854775807",
    "rows without their log": "DELETE FROM job_events",
    "a log without its rows": "DELETE FROM adc_jobs",
    "a row before the log": "UPDATE adc_jobs SET seq = -seq",
    "a queue's name of a megabyte": "UPDATE adc_jobs SET queue = printf('%1000000c', 'q') WHERE seq < 5",
    **{
        f"a sequence at {value}": f"UPDATE sqlite_sequence SET seq = {value}"
        for value in ("9223372036854775807", "9223372036854775806", "-5", "0", "'x'", "NULL", "1.5", "x'00'")
    },
    "no sequence": "DELETE FROM sqlite_sequence",
    "two sequences": "INSERT INTO sqlite_sequence SELECT name, seq + 5 FROM sqlite_sequence",
    "a sequence of the log": "INSERT INTO sqlite_sequence VALUES ('job_events', 9223372036854775807)",
    **{
        f"a last number {value}": f"INSERT OR REPLACE INTO adc_meta VALUES ('last_seq', '{value}')"
        for value in ("9223372036854775807", "9223372036854775808", "999999999999999999", "-5", "0", "7", "1e9", "07")
    },
    "a log at the end of numbers": """
        UPDATE job_events SET seq = 9223372036854775807 WHERE seq = (SELECT max(seq) FROM job_events)""",
    "one job twice": f"""
        INSERT INTO adc_jobs (seq, {", ".join(_COLUMNS["adc_jobs"])})
        SELECT seq + 10000, {", ".join(_COLUMNS["adc_jobs"])} FROM adc_jobs WHERE seq % 3 = 0""",
}

_VERSIONS: Final = {
    f"the {key} {said}": f"INSERT OR REPLACE INTO adc_meta VALUES ('{key}', {value})"
    for key, (said, value) in product(
        ("format", "min_reader", "database_id", "archive_of", "archived_events", "last_seq"),
        (
            *(("1", "'1'"), ("2", "'2'"), ("3", "'3'"), ("99", "'99'"), ("-1", "'-1'"), ("of nothing", "''")),
            *(("of Arabic digits", "'٢'"), ("of a superscript", "'²'"), ("of 5000 digits", "printf('%05000d', 3)")),
            *(("beyond numbers", "'9' || printf('%05000d', 3)"), ("of no UTF-8", "CAST(x'ff' AS TEXT)")),
            *(("of a NUL", "'2' || char(0)"), ("of a megabyte", "printf('%1000000c', 'x')"), ("with a space", "' 2'")),
        ),
    )
}

_ROLLS: Final = {
    f"a runner with {what}": f"{_ROLL}; UPDATE adc_runners SET {change}"
    for what, change in (
        ("nothing odd", "slot = slot"),
        ("a slot below zero", "slot = -7"),
        ("a slot far away", "slot = 4611686018427387904"),
        ("the last slot of all", "slot = 9223372036854775807"),
        ("queues that are no JSON", "queues = '['"),
        ("queues that are numbers", "queues = '[1]'"),
        ("kinds nested deeply", "kinds = replace(printf('%100000c', ' '), ' ', '[')"),
        ("queues that are no UTF-8", "queues = CAST(x'22ff22' AS TEXT)"),
        ("a lease below zero", "lease = -1"),
        ("a lease without end", "lease = 9223372036854775807"),
        ("a start past all time", "started_at = 9223372036854775807"),
        ("a process below zero", "pid = -1"),
        ("a side file elsewhere", "side_file = '../../etc/passwd'"),
        ("a name that is empty", "runner = ''"),
        ("a name of a megabyte", "runner = printf('%1000000c', 'r')"),
    )
}

_FIRST: Final = "WHERE seq IN (SELECT seq FROM adc_jobs WHERE started_at IS NULL AND died_at IS NULL LIMIT 3)"
_EVENTS: Final = {
    f"events {what}": f"UPDATE job_events SET {change} {_FIRST}"
    for what, change in (
        ("of the future", "type = 'JobTeleported'"),
        ("of a future shape", "type_version = 7"),
        ("of no shape", "type_version = -1"),
        ("of the database", "jid = '00000000000000000000'"),
        ("whose payload is another", "body = x'6e6f'"),
        ("whose payload is text", "body = CAST(x'22' AS BLOB)"),
        ("without a payload", "body = NULL"),
        ("nested deeply", "data = replace(printf('%100000c', ' '), ' ', '[')"),
        ("of five megabytes", "data = '\"' || printf('%5000000c', 'x') || '\"'"),
        ("with a field twice", "data = '{\"at\":1,' || substr(data, 2)"),
        ("with a huge number", "data = replace(data, '\"size\":200', '\"size\":1e400')"),
        ("with a huge integer", "data = replace(data, '\"at\":', '\"at\":99999999999999999999')"),
        ("at the end of time", "data = json_set(data, '$.at', 9223372036854775807)"),
        ("due at the end of time", "data = json_set(data, '$.due', 9223372036854775807)"),
        ("with a NUL", "data = data || char(0)"),
        ("with escapes for names", "data = json_set(data, '$.terms.queue', char(27) || '[2J' || char(10))"),
        ("with another retry policy", "data = json_set(data, '$.terms.retry', json('{\"max_retries\":-1}'))"),
        ("of another kind", "data = json_set(data, '$.terms.kind', 'other')"),
        ("of jobs with one id", "jid = 'ce5g6hm1qhm0g9v7l4q0', version = seq"),
        ("by nobody", "actor = ''"),
        ("with a cause of a megabyte", "cause = printf('%1000000c', 'c')"),
        ("in another order", "seq = -seq"),
        ("with other digests", "digest = x'00'"),
    )
}


def deeds() -> dict[str, Deed]:
    """Everything, by name."""
    return {
        **{name: _running(script) for name, script in scripts().items()},
        **{
            f"{value} in {table}.{column}, against its type": _loosely(table, column, value)
            for table, columns in _COLUMNS.items()
            for column, value in product(columns, _OF_ANY_TYPE)
            if column != "seq"
        },
        **{
            f"{value} in {table}.{column}": _running(f"{_ROLL}; UPDATE {table} SET {column} = {value} {_some(table)}")
            for table, columns in _COLUMNS.items()
            for column, value in product(columns, _OF_ITS_TYPE)
        },
        "one event twice": _one_event_twice,
    }


def spotted(path: Path) -> list[object]:
    """What the file's own code wrote, if it was run; read by a connection that runs none of it."""
    with closing(_foreign(path)) as connection:
        try:
            return [what for (what,) in connection.execute(SPOTTED)]
        except (apsw.Error, UnicodeDecodeError):
            return []


def _foreign(path: Path) -> apsw.Connection:
    """One that respects nothing."""
    connection = apsw.Connection(str(path))
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
    connection.config(apsw.SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1)
    return connection


def _running(script: str) -> Deed:
    """What SQLite refuses of it isn't done; the rest is."""

    def do(path: Path) -> None:
        with closing(_foreign(path)) as connection:
            _run(connection, CANARY)
            guards = _drop_guards(connection)
            for statement in _statements(script):
                _run(connection, statement)
            for name, sql in guards:
                if not list(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (name,))):
                    _run(connection, sql)

    return do


@contextmanager
def without_guards(connection: apsw.Connection) -> Generator[None, None, None]:
    """Within, adc's triggers aren't there."""
    guards = _drop_guards(connection)
    yield
    for _, sql in guards:
        connection.execute(sql)


def _drop_guards(connection: apsw.Connection) -> list[tuple[str, str]]:
    guards = [
        (str(name), str(sql))
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    ]
    for name, _ in guards:
        connection.execute(f"DROP TRIGGER {name}")
    return guards


def _statements(script: str) -> Iterator[str]:
    """One after the other; those of a trigger's body stay with it."""
    begun = ""
    for part in script.split(";"):
        begun += f"{part};"
        if apsw.complete(begun):
            yield begun
            begun = ""


def _run(connection: apsw.Connection, statement: str) -> None:
    with suppress(apsw.Error, UnicodeDecodeError):
        connection.execute(statement).fetchall()


def _some(table: str) -> str:
    return "WHERE rowid % 3 = 0" if table in {"adc_jobs", "job_events"} else ""


def _loosely(table: str, column: str, value: str) -> Deed:
    """A value that a STRICT table refuses: the table isn't one for a moment."""

    def do(path: Path) -> None:
        _restated(path, table, " STRICT", "", f"UPDATE {table} SET {column} = {value} {_some(table)}", "NOT NULL")

    return do


def _one_event_twice(path: Path) -> None:
    """With what can't be there twice: its index is taken away for a moment, and doesn't know the second."""
    rest = ", ".join(each for each in _COLUMNS["job_events"] if each != "seq")
    copy = f"INSERT INTO job_events (seq, {rest}) SELECT seq + 10000, {rest} FROM job_events WHERE seq % 3 = 0"
    _restated(path, "job_events", "UNIQUE (jid, version)", "CHECK (1)", copy, "sqlite_autoindex_job_events_1")


def _restated(path: Path, table: str, what: str, loose: str, statement: str, also: str) -> None:
    """Change a table's SQL, do something, and give it back its own. `also` is taken out too: words, or an index."""
    with closing(_foreign(path)) as connection:
        _run(connection, CANARY)
        _run(connection, _ROLL)
        before = connection.execute("SELECT rowid, * FROM sqlite_schema").fetchall()
        connection.execute("DELETE FROM sqlite_schema WHERE type = 'trigger' OR name = ?", (also,))
        restated = "replace(replace(sql, ?, ?), ?, '')"
        connection.execute(
            f"UPDATE sqlite_schema SET sql = {restated} WHERE name = ?", (what, loose, f" {also}", table)
        )
    with closing(_foreign(path)) as connection:
        _run(connection, statement)
        connection.execute("DELETE FROM sqlite_schema")
        connection.executemany(
            "INSERT INTO sqlite_schema (rowid, type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, ?, ?, ?)", before
        )
