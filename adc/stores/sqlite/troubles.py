"""Troubles: SQLite's result codes as typed exceptions."""

import errno
from types import TracebackType
from typing import Final, TypeAlias

import apsw

from adc.ports.trouble import (
    CannotOpen,
    DiskError,
    ForeignFile,
    NotCommitted,
    OutOfMemory,
    StoreBusy,
    StoreClosed,
    StoreDamaged,
    StoreFull,
    StoreReadOnly,
    StoreTrouble,
)
from adc.stores.sqlite.room import is_out_of_room
from adc.stores.sqlite.shapes import Misshapen

_BY_CODE: Final[dict[int, type[StoreTrouble]]] = {
    apsw.SQLITE_BUSY: StoreBusy,
    apsw.SQLITE_LOCKED: StoreBusy,
    apsw.SQLITE_PROTOCOL: StoreBusy,
    apsw.SQLITE_FULL: StoreFull,
    apsw.SQLITE_READONLY: StoreReadOnly,
    apsw.SQLITE_PERM: StoreReadOnly,
    apsw.SQLITE_CANTOPEN: CannotOpen,
    apsw.SQLITE_IOERR: DiskError,
    apsw.SQLITE_NOMEM: OutOfMemory,
    apsw.SQLITE_CORRUPT: StoreDamaged,
    apsw.SQLITE_NOTADB: StoreDamaged,
    apsw.SQLITE_AUTH: ForeignFile,  # adc's own statements are allowed: something else would run with them
}
Raised: TypeAlias = apsw.Error | UnicodeDecodeError | Misshapen | OverflowError
RAISED: Final = (apsw.Error, UnicodeDecodeError, Misshapen, OverflowError)
"""What comes of a call of SQLite, of a row that it gives, or of a number that it is given."""
_MAY_BE_FULL: Final = frozenset({apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_SHMSIZE, apsw.SQLITE_IOERR_TRUNCATE})
"""What a full disk, or a quota, is told as too."""
_BY_NUMBER: Final[dict[int, type[StoreTrouble]]] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), StoreFull),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), StoreReadOnly),
}
_PRIMARY: Final = 0xFF
"""The bits of an extended code that are the primary one."""


class typed:  # noqa: N801  it reads as what it does; a generator would take four times as long, several times a turn
    """Within, what SQLite raises becomes a StoreTrouble."""

    __slots__ = ("_operation", "_path")

    def __init__(self, path: str, operation: str) -> None:
        self._path = path
        self._operation = operation

    def __enter__(self) -> None:
        """Nothing is done yet."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        if isinstance(error, RAISED):
            raise trouble_of(error, self._path, self._operation) from error


def trouble_of(error: Raised, path: str, operation: str) -> StoreTrouble:
    """The typed exception for what SQLite said. A TEXT that isn't UTF-8 comes as UnicodeDecodeError: damage."""
    if isinstance(error, UnicodeDecodeError):
        return StoreDamaged(path, operation, f"a text in it isn't UTF-8 ({error.reason})")
    if isinstance(error, Misshapen):
        return StoreDamaged(path, operation, str(error))
    if isinstance(error, OverflowError):
        return StoreDamaged(path, operation, "a number in it is so large that the one behind it can't be stored")
    if isinstance(error, apsw.ConnectionClosedError):
        return StoreClosed(path, operation, "the queue is closed")
    code = extended_code(error)
    kind = _BY_CODE.get(code & _PRIMARY, NotCommitted)
    if code in _MAY_BE_FULL and is_out_of_room(path):
        kind = StoreFull
    return kind(path, operation, str(error) or type(error).__name__, code)


def trouble_of_system(error: OSError, path: str, operation: str) -> StoreTrouble:
    """The same for what the system said, where adc writes without SQLite."""
    return _BY_NUMBER.get(error.errno or 0, DiskError)(path, operation, error.strerror or str(error))


def shakes_trust(trouble: StoreTrouble) -> bool:
    """Whether the connection may hold another view of the file than the disk now.

    Above all after a sync that failed: the system may forget what it couldn't write, and say the next time that all is
    written. A write that failed for lack of room leaves no doubt. One that was opened when the file couldn't be
    written never writes; one that lacked memory in the middle of something may take the file for damaged.
    """
    if trouble.code in _MAY_BE_FULL:
        return False
    return trouble.code & _PRIMARY in {apsw.SQLITE_IOERR, apsw.SQLITE_READONLY, apsw.SQLITE_NOMEM}


def extended_code(error: apsw.Error) -> int:
    """SQLite's extended result code; 0: the error is apsw's own. (Its stubs don't know the attribute.)"""
    return int(getattr(error, "extendedresult", 0))
