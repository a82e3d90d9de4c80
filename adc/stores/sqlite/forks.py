"""Forks: a connection belongs to the process that opened it; a forked child neither uses nor closes it.

A child has none of its parent's locks, but a copy of SQLite's notes of them. So whatever it did with the connection,
and with another one to the same file too, would be done without the locks that SQLite believes to have: what it commits
is lost when the parent closes the file (measured). And closing would touch the memory that all processes share.
"""

import os
from contextlib import AbstractContextManager
from threading import RLock
from typing import Final

import apsw

from adc.ports.trouble import UsedAfterFork
from adc.stores.sqlite.custody import all_custodies, custody_of, keep_for_ever
from adc.stores.sqlite.descriptors import Identity, identity_of
from adc.stores.sqlite.library import refuse_old_library
from adc.stores.sqlite.strangers import refuse_strangers

_EXISTING: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOFOLLOW
_IMMUTABLE: Final = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_NOFOLLOW | apsw.SQLITE_OPEN_URI
_PLACES: Final = 500
"""In apsw's cache of statements. Each row of an executemany takes the next place, and so pushes another statement out:
with the usual 100, a turn of 50 jobs prepared all its statements anew, at 5 µs a job."""
_OPEN_THEN: Final = "the process that this one was forked from had the file open then"

_inherited: set[Identity] = set()
"""The files that this process must never open."""
_being_opened: list[str] = []
_turns: dict[str, AbstractContextManager[bool]] = {}


def turn_to_open(path: str) -> AbstractContextManager[bool]:
    """Held while a file is opened: its descriptors are told from those of other connections by being new."""
    return _turns.setdefault(path, RLock())


def connect(path: str, real: str | None = None, *, as_it_is: bool = False) -> apsw.Connection:
    """Open a connection, of which a later fork will know.

    With `real`, the same file by a name without symbolic links, it has to be there, and mustn't be one itself;
    `as_it_is`: and is read without its -wal or its journal.
    """
    refuse_old_library(path)
    if _inherited and identity_of(path) in _inherited:
        raise UsedAfterFork(path, "open", _OPEN_THEN)
    refuse_strangers(path, "open")
    _being_opened.append(path)
    try:
        connection = (
            apsw.Connection(path, statementcachesize=_PLACES) if real is None else _named(real, as_it_is=as_it_is)
        )
        custody_of(connection, path)
    finally:
        _being_opened.remove(path)
    return connection


def _named(real: str, *, as_it_is: bool) -> apsw.Connection:
    if not as_it_is:
        return apsw.Connection(real, flags=_EXISTING, statementcachesize=_PLACES)
    from urllib.parse import quote  # noqa: PLC0415  it is seldom needed

    return apsw.Connection(f"file:{quote(real)}?immutable=1", flags=_IMMUTABLE)


def _before_fork() -> None:
    """In a child it may be too late for an import: another thread may be in the middle of one."""
    if all_custodies():
        import ctypes  # noqa: F401, PLC0415


def _in_child() -> None:
    opened = [identity_of(path) for path in _being_opened]
    for connection, custody in all_custodies():
        keep_for_ever(connection)
        custody.inherit()
        opened.append(custody.identity)
    _inherited.update(identity for identity in opened if identity is not None)
    _being_opened.clear()
    _turns.clear()  # threads that held them aren't there any more


os.register_at_fork(before=_before_fork, after_in_child=_in_child)
