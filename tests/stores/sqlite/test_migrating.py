"""Migrating: all of it or nothing, whatever interrupts it and however many begin at once."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from adc.core.instants import Span
from adc.ports.trouble import FutureVersion
from adc.stores.sqlite.migrating import migrate
from adc.stores.sqlite.migrations import FORMAT, MIGRATIONS
from adc.stores.sqlite.opening import open_connection, open_store
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import Moves, nth, order

NEXT = """
CREATE TABLE adc_runners_too (a TEXT) STRICT;
ALTER TABLE adc_jobs ADD COLUMN note TEXT;
DROP TABLE adc_runners;
"""
PROCESSES = 8
ROUNDS = 10

OPENER = """
import sys
from adc.core.instants import Span
from adc.stores.sqlite.opening import open_store
from adc.testing.store_moves import Moves, order
print("ready", flush=True)
for line in sys.stdin:
    store = open_store(line.rstrip(), "normal", Span(10_000_000))
    Moves(store).schedule(order(int(sys.argv[1])))
    store.close()
    print("opened", flush=True)
"""


class Interrupted(Exception):
    """Raised at one statement of a migration."""


def interrupt_at(number: int) -> Callable[[Any, str, Any], bool]:
    """For a connection's trace: let so many statements pass, then fail before the next; the rollback is let through."""
    passed = 0

    def trace(_: Any, sql: str, __: Any) -> bool:
        nonlocal passed
        if sql == "ROLLBACK":
            return True
        if passed == number:
            raise Interrupted(sql)
        passed += 1
        return True

    return trace


def content(path: Path) -> Sequence[object]:
    with closing(apsw.Connection(str(path))) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
        return [
            connection.pragma("application_id"),
            connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall(),
            *(connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names),
        ]


def interrupted_everywhere(path: Path, migrations: tuple[str, ...]) -> int:
    """Try it with an interruption at each statement, until there is none left; how many there were."""
    before = content(path)
    number = 0
    while True:
        with closing(apsw.Connection(str(path))) as connection:
            connection.exec_trace = interrupt_at(number)
            try:
                migrate(connection, str(path), migrations)
            except Interrupted:
                assert not connection.in_transaction
            else:
                return number
        assert content(path) == before, number
        number += 1


def test_an_interrupted_first_opening_leaves_an_empty_file(path: Path) -> None:
    path.touch()

    assert interrupted_everywhere(path, MIGRATIONS) > 15

    check_laws(open_store(str(path), "full", Span(0)), ())


def test_an_interrupted_upgrade_leaves_the_old_format_with_all_its_jobs(path: Path) -> None:
    moves = Moves(open_store(str(path), "full", Span(0)))
    moves.schedule(order(1), order(2, key="k"))
    moves.finish(nth(1))
    moves.store.close()

    assert interrupted_everywhere(path, (*MIGRATIONS, NEXT)) > 8

    with pytest.raises(FutureVersion):
        open_store(str(path), "full", Span(0))
    with closing(apsw.Connection(str(path))) as connection:
        migrate(connection, str(path), (*MIGRATIONS, NEXT))  # again: already so
        assert connection.execute("SELECT value FROM adc_meta WHERE key = 'format'").get == str(FORMAT + 1)
        assert connection.execute("SELECT count(*), count(note) FROM adc_jobs").get == (1, 0)
        assert connection.execute("SELECT count(*) FROM job_events").get == 4


def test_an_upgrade_that_fails_leaves_the_old_format(path: Path) -> None:
    Moves(open_store(str(path), "full", Span(0))).store.close()
    before = content(path)

    with closing(apsw.Connection(str(path))) as connection:
        for bad in ("SELECT no_such_function();", "CREATE TABLE adc_jobs (a);", f"{NEXT} nonsense"):
            with pytest.raises(apsw.SQLError):
                migrate(connection, str(path), (*MIGRATIONS, bad))
            assert not connection.in_transaction

    assert content(path) == before


def test_an_upgrade_keeps_the_id_of_the_database(path: Path) -> None:
    query = "SELECT value FROM adc_meta WHERE key = 'database_id'"
    with closing(open_connection(str(path), "full", Span(0))) as connection:
        connection.authorizer = None  # as when it is opened
        before = connection.execute(query).get
        migrate(connection, str(path), (*MIGRATIONS, NEXT))

        assert connection.execute(query).get == before


def test_processes_that_open_one_new_file_at_once_all_succeed(tmp_path: Path) -> None:
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(1, PROCESSES + 1)
    ]
    try:
        assert [told(each) for each in openers] == ["ready"] * PROCESSES
        for round_number in range(ROUNDS):
            place = tmp_path / f"{round_number}.db"
            for each in openers:
                assert each.stdin is not None
                each.stdin.write(f"{place}\n")
                each.stdin.flush()
            assert [told(each) for each in openers] == ["opened"] * PROCESSES

            store = open_store(str(place), "normal", Span(0))
            check_laws(store, [nth(number) for number in range(1, PROCESSES + 1)])
            assert store.counts()["scheduled"] == PROCESSES
            store.close()
    finally:
        for each in openers:
            each.communicate()


def told(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip()
