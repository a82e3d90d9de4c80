"""Admitting: whether the file of a borrowed connection is one that this adc writes to, asked under its lock."""

from collections.abc import Callable

from adc.ports.trouble import ForeignFile, FutureVersion, PastVersion, ReadOnlyArchive
from adc.stores.sqlite import outbox_queries, queries
from adc.stores.sqlite.migrating import objects_of, refuse_edited
from adc.stores.sqlite.migrations import FORMAT, MIGRATIONS

Cells = tuple[object, ...]


def refuse_unfit(find: Callable[[str], list[Cells]], path_of: Callable[[], str]) -> None:
    """Raise FutureVersion, PastVersion, ReadOnlyArchive or ForeignFile; the path is asked for only then."""
    meta = {as_text(key): as_text(value) for key, value in find(outbox_queries.META)}
    if "archive_of" in meta:
        raise ReadOnlyArchive(path_of(), "schedule", "this is an archive of pruned jobs")
    known, reader = _number(meta.get("format")), _number(meta.get("min_reader"))
    if known < 1 or reader < 1:
        problem = (
            f"its adc_meta says that its format is {meta.get('format')!r}, and {meta.get('min_reader')!r} reads it"
        )
        raise ForeignFile(path_of(), "schedule", problem)
    if reader > FORMAT:
        problem = f"a later adc has migrated it: that takes an adc of format {reader}, not {FORMAT}"
        raise FutureVersion(path_of(), "schedule", problem)
    if known < FORMAT:
        raise PastVersion(path_of(), "schedule", f"its format is {known}, this adc writes format {FORMAT}")
    if known == FORMAT:  # what tables a later format has, this adc doesn't know; but that it may write to them
        present = frozenset((as_text(kind), as_text(name), as_text(sql)) for kind, name, sql in find(queries.OBJECTS))
        refuse_edited(present, objects_of(MIGRATIONS), lambda problem: ForeignFile(path_of(), "schedule", problem))


def as_text(cell: object) -> str:
    """A text; a connection may be set to give it as bytes."""
    return cell.decode() if isinstance(cell, bytes) else str(cell)


def _number(said: str | None) -> int:
    """0: it isn't one."""
    return int(said) if said is not None and said.isdecimal() and said.isascii() else 0
