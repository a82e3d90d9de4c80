"""Outfit: what adc's own objects in a file are, beside what adc makes; and so which of its tables can be read."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache
from typing import Final, TypeAlias

import apsw
from msgspec import Struct

from adc.auditing.finding import Finding, Findings
from adc.stores.sqlite import scanning
from adc.stores.sqlite.migrations import ARCHIVE, MIGRATIONS

Schema: TypeAlias = frozenset[tuple[str, str, str, str | None]]
"""Objects: their types, names, tables, and the SQL that made them; None: SQLite made it."""

_DATABASE_ID: Final = re.compile("[0-9a-f]{32}")
_PLACE: Final = re.compile("[1-9][0-9]{0,17}")


class Outfit(Struct, frozen=True):
    """What was found, and the tables that are as adc makes them: no other is read, for it could be anything."""

    findings: Findings
    tables: frozenset[str] = frozenset()
    archived: int | None = None
    """How many events the file says it has, if it is an archive; None: it is a queue."""
    last_seq: int = 0
    """The number of an event that was the last one and is lost, if the file says so; 0: it doesn't."""


def outfit_of(connection: apsw.Connection, migrations: tuple[str, ...] = MIGRATIONS) -> Outfit:
    """The objects and `adc_meta`, beside those of the format that the file says it has."""
    present = scanning.schema(connection)
    if present is None:
        return Outfit((Finding("schema", "the table of all objects has what SQLite doesn't write there"),))
    latest = _made_by(migrations)
    if not {name for _, name, _, _ in latest} & {name for _, name, _, _ in present} - {"sqlite_sequence"}:
        return Outfit((Finding("schema", "there is no queue of adc in this file"),))
    meta = scanning.meta(connection) if "adc_meta" in _tables(present & latest) else {}
    if meta is None:
        return Outfit((Finding("meta", "adc_meta has what adc doesn't write there"),))
    known = _number(meta, "format")
    if known is not None and known > len(migrations):
        problem = f"its format is {known}, this adc knows formats up to {len(migrations)}: update adc"
        return Outfit((Finding("meta", problem),))
    archive = (ARCHIVE,) if "archive_of" in meta else ()
    expected = _made_by((*(migrations if known is None else migrations[:known]), *archive))
    findings = (*_wrong_objects(present, expected), *_wrong_meta(meta))
    last_seq = int(meta["last_seq"]) if _PLACE.fullmatch(meta.get("last_seq", "")) else 0
    return Outfit(findings, _tables(present & expected), _archived(meta), last_seq)


def _wrong_objects(present: Schema, expected: Schema) -> Iterator[Finding]:
    """An index of somebody else's does no harm to our tables; a trigger could change what is written."""
    names = {(kind, name) for kind, name, _, _ in present}
    for kind, name, _, _ in sorted(expected - present, key=lambda each: each[:2]):
        problem = "isn't the one that adc makes" if (kind, name) in names else "is missing"
        yield Finding("schema", f"its {kind} {name} {problem}")
    ours = {table.lower() for _, _, table, _ in expected}
    for kind, name, table, _ in sorted(present - expected, key=lambda each: each[:2]):
        if kind == "trigger" and table.lower() in ours and name not in {ours for _, ours, _, _ in expected}:
            yield Finding("schema", f"it has a trigger {name} on the table {table}, which isn't adc's")


def _wrong_meta(meta: Mapping[str, str]) -> Iterator[Finding]:
    for key in ("format", "min_reader"):
        if _number(meta, key) is None:
            yield Finding("meta", f"adc_meta says that the {key} is {meta.get(key)!r}; expected a number above 0")
    known, reader = _number(meta, "format"), _number(meta, "min_reader")
    if known is not None and reader is not None and reader > known:
        yield Finding("meta", f"adc_meta says that the min_reader is {reader}, above its format {known}")
    if not _DATABASE_ID.fullmatch(meta.get("database_id", 32 * "0")):  # what SCHEMA_SQL made has none yet
        yield Finding("meta", f"adc_meta says that the database_id is {meta['database_id']!r}; expected 32 hex digits")

    if "archive_of" in meta and not _DATABASE_ID.fullmatch(meta["archive_of"]):
        yield Finding("meta", f"adc_meta says that archive_of is {meta['archive_of']!r}; expected 32 hex digits")
    if not _PLACE.fullmatch(meta.get("last_seq", "1")):  # most have none
        yield Finding("meta", f"adc_meta says that last_seq is {meta['last_seq']!r:.100}; expected a number above 0")


def _archived(meta: Mapping[str, str]) -> int | None:
    """0 is what an archive says in which nothing has come to stay yet."""
    return None if "archive_of" not in meta else _number(meta, "archived_events") or 0


def _number(meta: Mapping[str, str], key: str) -> int | None:
    said = meta.get(key, "")
    return int(said) if said.isdecimal() and said.isascii() and len(said) < 10 and int(said) > 0 else None


def _tables(objects: Schema) -> frozenset[str]:
    return frozenset(name for kind, name, _, _ in objects if kind == "table")


@cache
def _made_by(migrations: tuple[str, ...]) -> Schema:
    with closing(apsw.Connection(":memory:")) as connection:
        for migration in migrations:
            connection.execute(migration)
        made = scanning.schema(connection)
    assert made is not None
    return made
