"""Lent tables: adc's own, made on somebody else's connection, in the transaction that it is in."""

from collections.abc import Iterator

import apsw

from adc.ports.lent import Executes
from adc.ports.trouble import ForeignFile
from adc.stores.sqlite import queries
from adc.stores.sqlite.admitting import as_text
from adc.stores.sqlite.borrowed import borrowed, found, path_of, savepoint
from adc.stores.sqlite.migrations import SCHEMA_SQL


def make_on(connection: Executes) -> None:
    """Make adc's tables; if there are some of their names, these are checked."""
    try:
        with savepoint(connection):
            for each in _statements():
                connection.execute(each, ())
    except Exception as error:  # each library has its own
        if "already exists" not in str(error):
            raise
        _refuse_other_tables(connection)


def _refuse_other_tables(connection: Executes) -> None:
    present = sorted((as_text(kind), as_text(name)) for kind, name, _ in found(connection, queries.OBJECTS))
    if ("table", "adc_meta") not in present:
        problem = f"it has a {' '.join(present[0])} that isn't adc's"
        raise ForeignFile(path_of(connection), "make_tables", problem)
    with borrowed(connection):
        pass  # it is fit


def _statements() -> Iterator[str]:
    """Those of SCHEMA_SQL: a trigger has some within."""
    statement = ""
    for part in SCHEMA_SQL.split(";"):
        statement += f"{part};"
        if apsw.complete(statement):
            yield statement.strip()
            statement = ""
