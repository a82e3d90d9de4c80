"""Troubles: SQLite's result codes as typed exceptions."""

from types import TracebackType
from typing import Final

import apsw

from adc.ports.trouble import CannotOpen, StoreBusy, StoreClosed, StoreDamaged, StoreFull, StoreReadOnly, StoreTrouble

_BY_CODE: Final[dict[int, type[StoreTrouble]]] = {
    apsw.SQLITE_BUSY: StoreBusy,
    apsw.SQLITE_LOCKED: StoreBusy,
    apsw.SQLITE_PROTOCOL: StoreBusy,
    apsw.SQLITE_FULL: StoreFull,
    apsw.SQLITE_READONLY: StoreReadOnly,
    apsw.SQLITE_PERM: StoreReadOnly,
    apsw.SQLITE_CANTOPEN: CannotOpen,
    apsw.SQLITE_CORRUPT: StoreDamaged,
    apsw.SQLITE_NOTADB: StoreDamaged,
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
        if isinstance(error, apsw.Error | UnicodeDecodeError):
            raise trouble_of(error, self._path, self._operation) from error


def trouble_of(error: apsw.Error | UnicodeDecodeError, path: str, operation: str) -> StoreTrouble:
    """The typed exception for what SQLite said. A TEXT that isn't UTF-8 comes as UnicodeDecodeError: damage."""
    if isinstance(error, UnicodeDecodeError):
        return StoreDamaged(path, operation, f"a text in it isn't UTF-8 ({error.reason})")
    if isinstance(error, apsw.ConnectionClosedError):
        return StoreClosed(path, operation, "the queue is closed")
    code = extended_code(error)
    return _BY_CODE.get(code & _PRIMARY, StoreTrouble)(path, operation, str(error), code)


def extended_code(error: apsw.Error) -> int:
    """SQLite's extended result code; 0: the error is apsw's own. (Its stubs don't know the attribute.)"""
    return int(getattr(error, "extendedresult", 0))
