"""Strangers: descriptors of the file, in this process, that aren't of adc's SQLite: another copy, or a plain `open`.

Within a process locks keep nobody out. So another copy of SQLite writes at the same time, and whoever closes such a
descriptor drops the locks of all: commits get lost, without an error.
"""

from collections.abc import Collection
from contextlib import suppress
from typing import Final

import apsw

from adc.ports.trouble import MixedSqlite
from adc.stores.sqlite.descriptors import Identity, identity_of, numbers_of

_SHM: Final = "-shm"


def refuse_strangers(path: str, operation: str, known: Collection[int] = ()) -> None:
    """Raise MixedSqlite if there is one; `known` are the descriptors of -wal and -shm that SQLite has.

    Its own of the database can't be told from others while it has a connection to the file: it keeps those of closed
    ones. But -shm it opens once in a process; and another copy does too, before it reads anything.
    """
    identity = identity_of(path)
    if identity is None:
        return
    if not _is_open(identity):
        _refuse(path, operation, "", numbers_of(path))
    found = numbers_of(path + _SHM, known)
    if known or len(found) > 1:
        _refuse(path, operation, _SHM, found)


def _refuse(path: str, operation: str, suffix: str, found: Collection[int]) -> None:
    if found:
        problem = (
            f"descriptor {max(found)} of this process is of {path}{suffix}, and isn't adc's: "
            "another copy of SQLite has the file open, as sqlite3 of Python is one, or something else has"
        )
        raise MixedSqlite(path, operation, problem)


def _is_open(identity: Identity) -> bool:
    """Whether apsw has a connection to the file, of adc or of somebody else; also if that can't be told."""
    names: list[str] = []
    with suppress(apsw.Error):
        names += [each.filename for each in apsw.connections()]
        return any(name and identity_of(name) == identity for name in names)
    return True
