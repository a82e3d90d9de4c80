"""Originals: files of the Rust original, aide-de-camp: which release made one, and the jobs in it as they are there."""

import os.path
from collections.abc import Collection, Generator
from contextlib import contextmanager
from itertools import product
from typing import Any, Final

import apsw

from adc.codec.original import CRON, DEAD_FIRST, Original, said_of
from adc.ports.trouble import NoQueue
from adc.stores.sqlite import original_queries, queries, rows
from adc.stores.sqlite.authorizing import EXAMINES, Deed, reading
from adc.stores.sqlite.examining import examined
from adc.stores.sqlite.troubles import typed

_TABLES: Final = (*DEAD_FIRST, CRON)
_DEEDS: Final[frozenset[Deed]] = (
    EXAMINES
    | reading((*_TABLES, "pragma_table_info"))
    | frozenset(product((apsw.SQLITE_PRAGMA,), ("table_info",), _TABLES))
)


class OriginalFile:
    """A file of the original, open for reading."""

    def __init__(self, connection: apsw.Connection, path: str, tables: Collection[str]) -> None:
        self._connection = connection
        self._path = path
        self._tables = tables

    @property
    def said(self) -> str:
        """Which releases of the original have made it."""
        return said_of(self._tables)

    @property
    def cron_jobs(self) -> int:
        """How many cron jobs it has."""
        with typed(self._path, "import"):
            return (rows.number(self._connection, original_queries.CRON_JOBS) or 0) if CRON in self._tables else 0

    def jobs(self) -> Generator[Original, None, None]:
        """Its jobs, the dead ones of each release first, in the order of insertion."""
        for table, release in DEAD_FIRST.items():
            if table in self._tables:
                with typed(self._path, "import"):
                    for row in self._rows(table):
                        yield Original(release, "dead" in table, *row)

    def _rows(self, table: str) -> Generator[tuple[Any, ...], None, None]:
        """An open cursor holds nobody up: the connection only reads."""
        has_priority = rows.number(self._connection, original_queries.HAS_PRIORITY, (table,))
        query = (original_queries.JOBS if has_priority else original_queries.WITHOUT_PRIORITY)[table]
        yield from self._connection.execute(query)


@contextmanager
def original_in(path: str) -> Generator[OriginalFile, None, None]:
    """The file of the original at a path, which is left as it is; raises NoQueue if it isn't one."""
    named = os.path.abspath(path)  # noqa: PTH100  pathlib would cost 4 ms of each import of adc
    with examined(named, deeds=_DEEDS) as connection:
        with typed(named, "import"):
            tables = tables_of(connection)
        if not tables:
            raise NoQueue(named, "import", "it has no tables of the Rust original, aide-de-camp")
        yield OriginalFile(connection, named, tables)


def tables_of(connection: apsw.Connection) -> frozenset[str]:
    """The tables of the original that a file has: of these names adc has views, or nothing."""
    return frozenset(rows.texts(connection, queries.ORIGINALS))
