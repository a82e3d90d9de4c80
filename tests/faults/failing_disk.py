"""A failing disk: a VFS that counts what SQLite asks of the system, and answers a chosen call with an error."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Literal, TypeAlias

import apsw
from typing_extensions import Buffer, override

Lasting: TypeAlias = Literal["once", "a while", "for ever"]
A_WHILE: Final = 3
"""Calls that fail until it heals."""

CALLS: Final = ("xRead", "xWrite", "xTruncate", "xSync", "xFileSize", "xLock", "xOpen", "xDelete", "xAccess")
KINDS: Final[dict[str, tuple[int, frozenset[str]]]] = {
    "IOERR_READ": (apsw.SQLITE_IOERR_READ, frozenset({"xRead"})),
    "SHORT_READ": (apsw.SQLITE_IOERR_SHORT_READ, frozenset({"xRead"})),
    "IOERR_WRITE": (apsw.SQLITE_IOERR_WRITE, frozenset({"xWrite"})),
    "FULL": (apsw.SQLITE_FULL, frozenset({"xWrite", "xTruncate"})),
    "IOERR_FSYNC": (apsw.SQLITE_IOERR_FSYNC, frozenset({"xSync"})),
    "IOERR_TRUNCATE": (apsw.SQLITE_IOERR_TRUNCATE, frozenset({"xTruncate"})),
    "IOERR_DELETE": (apsw.SQLITE_IOERR_DELETE, frozenset({"xDelete"})),
    "IOERR_LOCK": (apsw.SQLITE_IOERR_LOCK, frozenset({"xLock"})),
    "IOERR_FSTAT": (apsw.SQLITE_IOERR_FSTAT, frozenset({"xFileSize"})),
    "IOERR_ACCESS": (apsw.SQLITE_IOERR_ACCESS, frozenset({"xAccess"})),
    "CANTOPEN": (apsw.SQLITE_CANTOPEN, frozenset({"xOpen"})),
    "NOMEM": (apsw.SQLITE_NOMEM, frozenset(CALLS)),
    "BUSY": (apsw.SQLITE_BUSY, frozenset({"xLock"})),
}
"""By name: SQLite's result code, and which calls may give it. A call that may not has succeeded.

SHORT_READ gives half of what was asked for: SQLite takes the rest for zeros, as if the file had ended there."""


@dataclass
class Fault:
    """What to do, and what was done."""

    at: int = -1
    """The number of the call that fails; -1: none."""
    kind: str = "IOERR_READ"
    lasting: Lasting = "once"
    after: bool = False
    """Whether the call does its work first, as a sync that fails late may have."""
    spared: int = 0
    """How many that could fail don't yet."""
    calls: list[str] = field(default_factory=list)
    """Those since it was armed."""
    hits: int = 0
    armed: bool = False

    def arm(self) -> None:
        self.calls.clear()
        self.hits, self.armed = 0, True

    def fails(self, call: str) -> bool:
        """Count the call: whether it fails."""
        if not self.armed:
            return False
        number = len(self.calls)
        self.calls.append(call)
        _, may = KINDS[self.kind]
        most = {"once": 1, "a while": A_WHILE}.get(self.lasting, self.hits + 1)
        if self.at < 0 or call not in may or number < self.at or self.hits >= most:
            return False
        self.spared -= 1
        if self.spared >= 0:
            return False
        self.hits += 1
        return True

    def error(self) -> Exception:
        code, _ = KINDS[self.kind]
        return apsw.exception_for(code)


_numbers: Final = count(1)


@contextmanager
def failing_disk(fault: Fault) -> Generator[None, None, None]:
    """Within, all connections of this process that are opened are on it."""
    disk = _Disk(fault)
    try:
        yield
    finally:
        disk.unregister()


class _Disk(apsw.VFS):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(f"failing-{next(_numbers)}", "unix", makedefault=True)

    @override
    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        if self.fault.fails("xOpen"):
            raise self.fault.error()
        return _File(self.fault, name, flags)

    @override
    def xDelete(self, name: str, syncdir: bool) -> None:
        if self.fault.fails("xDelete"):
            raise self.fault.error()
        super().xDelete(name, syncdir)

    @override
    def xAccess(self, path: str, flags: int) -> bool:
        if self.fault.fails("xAccess"):
            raise self.fault.error()
        return super().xAccess(path, flags)


class _File(apsw.VFSFile):
    def __init__(self, fault: Fault, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self.fault = fault
        super().__init__("unix", name, flags)

    @override
    def xRead(self, amount: int, offset: int) -> bytes:
        if self.fault.fails("xRead"):
            if self.fault.kind == "SHORT_READ":
                return super().xRead(amount // 2, offset)
            raise self.fault.error()
        return super().xRead(amount, offset)

    @override
    def xWrite(self, written: Buffer, offset: int) -> None:
        if self.fault.fails("xWrite"):
            raise self.fault.error()
        super().xWrite(written, offset)

    @override
    def xTruncate(self, size: int) -> None:
        if self.fault.fails("xTruncate"):
            raise self.fault.error()
        super().xTruncate(size)

    @override
    def xSync(self, flags: int) -> None:
        if self.fault.fails("xSync"):
            if self.fault.after:
                super().xSync(flags)
            raise self.fault.error()
        super().xSync(flags)

    @override
    def xFileSize(self) -> int:
        if self.fault.fails("xFileSize"):
            raise self.fault.error()
        return super().xFileSize()

    @override
    def xLock(self, level: int) -> None:
        if self.fault.fails("xLock"):
            raise self.fault.error()
        super().xLock(level)
