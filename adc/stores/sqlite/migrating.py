"""Migrating: bring a file to the format of this adc; every file that isn't adc's is left as it was."""

import re
from collections.abc import Callable
from contextlib import closing
from functools import cache
from typing import Final, TypeAlias

import apsw

from adc import system
from adc.ports.trouble import ForeignFile, FutureVersion, ReadOnlyArchive, StoreDamaged, WrongArchive
from adc.stores.sqlite import pages, queries, rows
from adc.stores.sqlite.migrations import APPLICATION_ID, ARCHIVE, FORMAT, MIGRATIONS, MIN_READER, of_archive

Refusal: TypeAlias = Callable[[str], ForeignFile]
_A_FORMAT: Final = re.compile("[0-9]{1,9}")
_READ_BY_US: Final = frozenset(str(number) for number in range(1, FORMAT + 1))
"""What adc_meta may have as min_reader, so that this adc writes to the file."""


def refuse_foreign(connection: apsw.Connection, path: str, migrations: tuple[str, ...] = MIGRATIONS) -> int:
    """The file's format, 0 for one without adc's tables; raises ForeignFile or FutureVersion.

    It comes before the first write: even the switch to WAL would change a file that isn't ours.
    """

    def foreign(problem: str) -> ForeignFile:
        return ForeignFile(path, "open", problem)

    originals = rows.texts(connection, queries.ORIGINALS)
    if originals:
        raise foreign(_original(originals))
    present = rows.objects(connection, queries.OBJECTS)
    tables = {name for kind, name, _ in present if kind == "table"}
    if not present:
        return 0
    if "adc_meta" not in tables:
        kind, name, _ = min(present)
        raise foreign(f"it has a {kind} {name}, but no table adc_meta")
    known = _format(connection, foreign)
    if known > len(migrations):
        raise FutureVersion(path, "open", f"its format is {known}, this adc knows formats up to {len(migrations)}")
    archive = () if rows.text(connection, queries.READ_ARCHIVE_OF) is None else (ARCHIVE,)
    refuse_edited(present, objects_of((*migrations[:known], *archive)), foreign)
    shared = rows.texts(connection, queries.SHARED_PAGES)
    if shared:
        raise StoreDamaged(path, "open", f"{min(shared)} has the same place in it as something else")
    return known


def _original(tables: tuple[str, ...]) -> str:
    from adc.codec.original import said_of  # noqa: PLC0415  it is seldom needed

    said = f"{max(tables)} is a table here, so this is a file of the Rust original, {said_of(tables)}"
    return f"{said}; adc import copies its jobs into another one"


def last_seq_to_write(connection: apsw.Connection, path: str) -> int:
    """The place of the latest event, in a write transaction: 1.4 µs.

    Raises FutureVersion if a later adc has migrated the file, since it was opened, to what this one can't write, and
    ReadOnlyArchive if it is an archive.
    """
    reader, archive_of, last = rows.standing(connection, queries.STANDING)
    if reader is not None and reader not in _READ_BY_US:
        problem = f"a later adc has migrated it since it was opened: that takes an adc of format {reader}, not {FORMAT}"
        raise FutureVersion(path, "begin", problem)
    if archive_of is not None:
        raise _read_only(path, "begin")
    return last


def refuse_archive(connection: apsw.Connection, path: str, operation: str) -> None:
    """Raise ReadOnlyArchive if the file is an archive: nothing happens to the jobs in it any more."""
    if rows.text(connection, queries.READ_ARCHIVE_OF) is not None:
        raise _read_only(path, operation)


def _read_only(path: str, operation: str) -> ReadOnlyArchive:
    return ReadOnlyArchive(path, operation, "this is an archive of pruned jobs")


def refuse_other_archive(connection: apsw.Connection, path: str, database_id: str) -> None:
    """Raise WrongArchive if the file has a queue, or is the archive of another one."""
    of = rows.text(connection, queries.READ_ARCHIVE_OF)
    if of != database_id:
        problem = "it is a queue, and no archive" if of is None else "it is the archive of another queue"
        raise WrongArchive(path, "archive", problem)


def migrate(
    connection: apsw.Connection,
    path: str,
    migrations: tuple[str, ...] = MIGRATIONS,
    *,
    archive_of: str | None = None,
) -> None:
    """All steps that the file lacks, in one transaction. What SCHEMA_SQL made lacks an id only.

    A file without adc's tables becomes a queue, or the archive of the database with the id `archive_of`.
    """
    if refuse_foreign(connection, path, migrations) == len(migrations) and rows.text(
        connection, queries.READ_DATABASE_ID
    ):
        return
    try:
        connection.execute(queries.BEGIN)
        present = refuse_foreign(connection, path, migrations)  # again, now that nobody else can write
        _run(connection, migrations, present)
        if archive_of is not None and not present:
            connection.execute(ARCHIVE)
            connection.execute(queries.MAKE_ARCHIVE, (archive_of,))
        if not present:
            connection.execute(pages.GIVE_BACK).fetchall()  # what the tables of earlier formats have left
        connection.execute(queries.COMMIT)
    except BaseException:
        if connection.in_transaction:
            connection.execute(queries.ROLLBACK)
        raise


def _run(connection: apsw.Connection, migrations: tuple[str, ...], present: int) -> None:
    if _is_new(connection):
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    archived = present > 0 and rows.text(connection, queries.READ_ARCHIVE_OF) is not None
    for migration in migrations[present:]:
        connection.execute(of_archive(migration) if archived else migration)
    if archived:
        connection.execute(ARCHIVE)
    connection.execute(queries.WRITE_FORMAT, (str(len(migrations)),))
    connection.execute(queries.WRITE_MIN_READER, (str(MIN_READER),))
    connection.execute(queries.WRITE_DATABASE_ID, (system.new_database_id(),))


def _is_new(connection: apsw.Connection) -> bool:
    """Whether nobody has put anything into the file: an application's numbers stay, though it has no table yet."""
    numbers = ("PRAGMA application_id", "PRAGMA user_version", queries.COUNT_OBJECTS)
    return not any(rows.number(connection, number) for number in numbers)


def _format(connection: apsw.Connection, foreign: Refusal) -> int:
    try:
        written = rows.text(connection, queries.READ_FORMAT)
    except apsw.SQLError as error:
        raise foreign(f"its table adc_meta is another one ({error})") from error
    known = int(written) if written is not None and _A_FORMAT.fullmatch(written) else 0
    if known < 1:
        raise foreign(f"its adc_meta says that its format is {written!r:.100}")
    return known


def refuse_edited(present: frozenset[rows.Object], expected: frozenset[rows.Object], foreign: Refusal) -> None:
    """An index of somebody else's does no harm to our tables, unless it is a unique one: then rows can't be added."""
    for kind, name, _ in sorted(expected - present):
        raise foreign(f"its {kind} {name} isn't the one that adc makes")
    for kind, name, sql in sorted(present - expected):
        if kind != "index" or "UNIQUE" in sql.split(maxsplit=2)[:2]:  # so SQLite writes it
            what = "a unique index" if kind == "index" else f"a {kind}"
            raise foreign(f"it has {what} {name} on a table of adc, which isn't adc's")


@cache
def objects_of(migrations: tuple[str, ...]) -> frozenset[rows.Object]:
    with closing(apsw.Connection(":memory:")) as connection:
        for migration in migrations:
            connection.execute(migration)
        return rows.objects(connection, queries.OBJECTS)
