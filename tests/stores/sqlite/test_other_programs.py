"""Other programs: SQLite 3.40 in another process reads the tables, and writes them by adc's own SQL.

Never in this process: two copies of SQLite in one process lose each other's commits.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from adc.core.commands import Fail
from adc.core.instants import Span
from adc.stores.sqlite.migrations import SCHEMA_SQL
from adc.stores.sqlite.opening import open_store
from adc.testing.samples import FAULT
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import NOW, PAYLOAD, Moves, nth, order

READER = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.row_factory = sqlite3.Row
rows = [dict(row) for row in connection.execute(sys.argv[2])]
connection.close()
print(json.dumps(rows, default=bytes.decode))
"""
MAKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.executescript(sys.argv[2])
connection.close()
"""


def asked(path: Path, query: str) -> list[dict[str, Any]]:
    answer = subprocess.run(
        [sys.executable, "-c", READER, str(path), query], check=True, capture_output=True, text=True
    )
    rows: list[dict[str, Any]] = json.loads(answer.stdout)
    return rows


def test_another_sqlite_reads_the_views_of_the_original_while_the_queue_is_open(moves: Moves, path: Path) -> None:
    waiting, started, dead, done = moves.schedule(order(1, due=7, priority=5), order(2), order(3), order(4))
    moves.claim(started)
    moves.must(Fail(dead, NOW, moves.claim(dead), FAULT))
    moves.finish(done)

    common = {"queue": "default", "job_type": "invoice", "payload": PAYLOAD.decode(), "retries": 0, "enqueued_at": NOW}
    assert asked(path, "SELECT * FROM adc_queue ORDER BY jid") == [
        {"jid": waiting, "scheduled_at": 7, "started_at": None, "priority": 5, **common},
        {"jid": started, "scheduled_at": 0, "started_at": NOW, "priority": 0, **common},
    ]
    assert asked(path, "SELECT * FROM adc_dead_queue") == [
        {"jid": dead, "scheduled_at": 0, "started_at": None, "priority": 0, "died_at": NOW, **common}
    ]
    assert list(asked(path, "SELECT * FROM adc_dead_queue")[0]) == [
        *("jid", "queue", "job_type", "payload", "retries", "scheduled_at", "started_at", "enqueued_at", "priority"),
        "died_at",
    ]
    moves.finish(waiting)  # the other's closing did no harm
    check_laws(moves.store, (waiting, started, dead, done))


def test_another_sqlite_finds_nothing_wrong_with_the_file(moves: Moves, path: Path) -> None:
    moves.schedule(order(1), order(2))
    moves.finish(nth(1))

    assert asked(path, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert asked(path, "SELECT count(*) AS n FROM job_events") == [{"n": 4}]


def test_another_sqlite_can_make_the_tables(path: Path) -> None:
    subprocess.run([sys.executable, "-c", MAKER, str(path), SCHEMA_SQL], check=True)

    moves = Moves(open_store(str(path), "full", Span(0)))
    moves.schedule(order(1))
    check_laws(moves.store, (nth(1),))
    moves.store.close()
