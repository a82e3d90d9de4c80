"""Hardening: what a file could make SQLite do is off on every connection of adc, and sizes are bounded."""

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import apsw
import pytest

from adc.core.instants import Span
from adc.stores.sqlite.examining import examined
from adc.stores.sqlite.hardening import LONGEST
from adc.stores.sqlite.opening import open_connection, open_store

OFF = (
    *("TRUSTED_SCHEMA", "WRITABLE_SCHEMA", "ENABLE_LOAD_EXTENSION", "ENABLE_FTS3_TOKENIZER", "ENABLE_VIEW"),
    *("ENABLE_FKEY", "ENABLE_ATTACH_CREATE", "ENABLE_ATTACH_WRITE", "DQS_DDL", "DQS_DML"),
)
ON = ("DEFENSIVE", "ENABLE_TRIGGER", "ENABLE_QPSG")
LIMITS = {
    apsw.SQLITE_LIMIT_LENGTH: LONGEST,
    apsw.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}
CONNECTIONS: dict[str, Callable[[str], AbstractContextManager[apsw.Connection]]] = {
    "the store's": lambda path: closing(open_connection(path, "normal", Span(0))),
    "verify's": examined,
}


@pytest.mark.parametrize("connect", CONNECTIONS.values(), ids=CONNECTIONS)
def test_the_switches_and_limits(connect: Callable[[str], AbstractContextManager[apsw.Connection]], path: Path) -> None:
    open_store(str(path), "normal", Span(0)).close()

    with connect(str(path)) as connection:
        set_to = {name: connection.config(getattr(apsw, f"SQLITE_DBCONFIG_{name}"), -1) for name in (*OFF, *ON)}
        limits = {limit: connection.limit(limit) for limit in LIMITS}

    assert set_to == dict.fromkeys(OFF, 0) | dict.fromkeys(ON, 1)
    assert limits == LIMITS


def test_what_is_longer_than_can_be_is_typed(path: Path) -> None:
    with closing(open_connection(str(path), "normal", Span(0))) as connection:
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, 1_000)
        with pytest.raises(apsw.TooBigError):
            connection.execute("SELECT ?", (bytes(2_000),))


def test_an_application_s_wide_tables_do_no_harm(path: Path) -> None:
    columns = ", ".join(f"a{number} TEXT DEFAULT 'x'" for number in range(1_500))
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(f"CREATE TABLE app ({columns})")
        connection.execute(f"CREATE VIEW v AS {' UNION ALL '.join(['SELECT a1 FROM app'] * 400)}")

    open_store(str(path), "normal", Span(0)).close()
