"""Authorizing: what a connection of adc may do: its own statements, with its own tables, and no others.

SQLite asks when a statement is prepared, so this costs nothing as it runs; and it asks again when the schema has
changed: what somebody has added to the file since then is refused as what was there before.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Final, TypeAlias

import apsw

from adc.stores.sqlite import queries

Deed: TypeAlias = tuple[int, str | None, str | None]
"""What a statement does, by SQLite's number for it, and to what: https://sqlite.org/c3ref/c_alter_table.html."""

_BEGIN: Final = queries.BEGIN.partition(" ")[0]
_ANY: Final = "any"
_TABLES: Final = ("adc_meta", "job_events", "adc_jobs", "adc_runners", "adc_paused")
_READABLE: Final = (*_TABLES, "sqlite_sequence", "sqlite_master", "sqlite_schema", "json_each")
_FUNCTIONS: Final = ("->>", "coalesce", "count", "hex", "json_valid", "length", "lower", "max", "min", "sum")
_PRAGMAS: Final = (
    *("application_id", "auto_vacuum", "freelist_count", "journal_mode", "page_count", "page_size", "synchronous"),
)
_ANY_FUNCTION: Final[Deed] = (apsw.SQLITE_FUNCTION, None, _ANY)
_DANGEROUS: Final = frozenset({"load_extension", "fts3_tokenizer"})


def reading(tables: Iterable[str], functions: Iterable[str] = ()) -> frozenset[Deed]:
    """To read tables of these names, with these functions."""
    return frozenset(
        {
            (apsw.SQLITE_SELECT, None, None),
            (apsw.SQLITE_RECURSIVE, None, None),
            *product((apsw.SQLITE_READ,), tables, (_ANY,)),
            *product((apsw.SQLITE_FUNCTION,), (None,), functions),
        }
    )


_ON_BEHALF: Final[Mapping[str, frozenset[Deed]]] = {
    "level": reading(_READABLE, _FUNCTIONS),
    **dict.fromkeys(("job_events_insert", "job_events_update", "job_events_delete"), reading(("job_events",))),
}
"""What is done for parts of a statement that have a name: the levels of a claim, and adc's triggers."""

READS: Final[frozenset[Deed]] = reading(_READABLE, _FUNCTIONS) | {
    *product((apsw.SQLITE_PRAGMA,), _PRAGMAS, (None,)),
    (apsw.SQLITE_PRAGMA, "integrity_check", "100"),
    *product((apsw.SQLITE_TRANSACTION,), (_BEGIN, queries.COMMIT, queries.ROLLBACK), (None,)),
    *product((apsw.SQLITE_SAVEPOINT,), (_BEGIN, "RELEASE"), ("reading",)),
}
"""What everybody may: read adc's own tables, in a transaction."""
EXAMINES: Final[frozenset[Deed]] = READS | {_ANY_FUNCTION}
"""The same, and SQLite's own check of all tables, an application's too: it asks for the functions of their columns."""

_CHANGED: Final = (
    *("version", "head", "priority", "scheduled_at", "started_at", "attempt", "retries", "crashes", "runner"),
    *("cancel_asked_at", "died_at", "reason"),
)
WRITES: Final[frozenset[Deed]] = READS | {
    *product((apsw.SQLITE_INSERT,), _TABLES, (None,)),
    *product((apsw.SQLITE_DELETE,), ("adc_meta", "adc_jobs", "adc_runners", "adc_paused"), (None,)),
    *product((apsw.SQLITE_UPDATE,), ("adc_jobs",), _CHANGED),
    (apsw.SQLITE_UPDATE, "job_events", "body"),
}
"""What a store does. Of the log it can only remove bodies, which the trigger allows for erased jobs."""

RIGHTS: Final[frozenset[Deed]] = WRITES | EXAMINES
"""What puts rows right, and examines them."""
REBUILDS: Final[frozenset[Deed]] = WRITES | {
    (apsw.SQLITE_UPDATE, "adc_meta", "value"),
}
"""What a rebuild does, to a file that it makes."""


def authorize(connection: apsw.Connection, deeds: frozenset[Deed]) -> None:
    """From now on the connection does these, and nothing else: it raises apsw.AuthError."""

    def allows(deed: int, first: str | None, second: str | None, database: str | None, behalf: str | None) -> int:
        allowed = deeds if behalf is None else _ON_BEHALF.get(behalf, frozenset())
        wanted = deed, first, _ANY if deed == apsw.SQLITE_READ else second
        is_allowed = wanted in allowed or (
            deed == apsw.SQLITE_FUNCTION and _ANY_FUNCTION in allowed and second not in _DANGEROUS
        )
        return apsw.SQLITE_OK if is_allowed and database in {None, "main"} else apsw.SQLITE_DENY

    connection.authorizer = allows
