"""Holders: which processes hold which locks on a database's files, as Linux tells; nothing is opened for it.

What the bytes mean: https://sqlite.org/fileformat2.html#the_lock_byte_page and https://sqlite.org/walformat.html#locks.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

from msgspec import Struct

from adc.stores.sqlite.descriptors import identity_of

_LOCKS: Final = "/proc/locks"
_KIND, _MODE, _PID, _FILE, _FIRST, _LAST = 1, 3, 4, 5, 6, 7
"""Where these stand in a line of it."""
_FAR: Final = 1 << 62
"""From this byte on there are adc's marks only."""
_SHOWN: Final = 60
"""So much of a command is shown, in characters."""

_ON_FILE: Final = (
    (0x40000000, "waits until nobody reads"),
    (0x40000001, "writes without a -wal"),
    (0x40000002, "keeps it for itself alone"),
)
_ON_SHM: Final = ((120, "writes"), (121, "copies the -wal into the file"), (122, "recovers the -wal"))
FIRST_READER: Final = 123
READERS: Final = 5
"""So many bytes from that one on: a reader has one of them."""


class Lock(Struct, frozen=True):
    """Some bytes of a file that a process has locked."""

    pid: int
    first: int
    last: int
    is_exclusive: bool

    def has(self, byte: int) -> bool:
        """Whether it is on that byte."""
        return self.first <= byte <= self.last


class Locks(Struct, frozen=True):
    """All of a database."""

    file: tuple[Lock, ...]
    shm: tuple[Lock, ...]
    side: tuple[Lock, ...]
    """On the side file: a byte for each runner."""

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes, in order."""
        return tuple(sorted({lock.pid for lock in (*self.file, *self.shm, *self.side)}))

    def doings(self, pid: int) -> tuple[str, ...]:
        """What a process does, by its locks on the database; none: it has it open, or runs jobs."""
        on_file = (said for byte, said in _ON_FILE if _holds(self.file, pid, byte, exclusively=True))
        on_shm = (said for byte, said in _ON_SHM if _holds(self.shm, pid, byte, exclusively=True))
        return (*on_file, *on_shm, *(("reads",) if self.reads(pid) else ()))

    def reads(self, pid: int) -> tuple[int, ...]:
        """The read marks that a process holds, by number."""
        return tuple(mark for mark in range(READERS) if _holds(self.shm, pid, FIRST_READER + mark))

    def slots(self, pid: int) -> tuple[int, ...]:
        """The slots of the side file in which a process has runners."""
        return tuple(lock.first for lock in self.side if lock.pid == pid and lock.first < _FAR)


def locks_of(path: str, side: str) -> Locks | None:
    """All that are held on a database; None: the system doesn't tell.

    Which name the device has there is seen from a lock of this process itself, if it has the database open: it may be
    another than `stat` says. Without such a lock, none at all may mean that.
    """
    try:
        with open(_LOCKS) as file:  # noqa: PTH123  pathlib would cost 4 ms of each import of adc
            lines = [line.split() for line in file]
    except OSError:
        return None
    inodes = [_inode(each) for each in (path, f"{path}-shm", side)]
    ours = {_device(line) for line in lines if _is_of(line, inodes[0]) and line[_PID] == str(os.getpid())}
    found = Locks(*(tuple(_locks(lines, inode, ours or _devices(path))) for inode in inodes))
    return found if ours or found.pids else None


def command_of(pid: int) -> str:
    """What a process is, for people; empty: that can't be told."""
    with suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123  as above
        said = " ".join(file.read(4_096).replace(b"\0", b" ").decode(errors="replace").split())
        return said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"
    return ""


def age_of(pid: int) -> int | None:
    """How many seconds ago a process began."""
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123  as above
            began = int(file.read().rpartition(")")[2].split()[19])
        with open("/proc/uptime") as file:  # noqa: PTH123  as above
            up = float(file.read().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return max(0, int(up - began / os.sysconf("SC_CLK_TCK")))


def _locks(lines: Iterable[Sequence[str]], inode: int | None, devices: set[str]) -> Iterable[Lock]:
    for line in lines:
        if _is_of(line, inode) and _device(line) in devices:
            last = _FAR * 2 if line[_LAST] == "EOF" else int(line[_LAST])
            yield Lock(int(line[_PID]), int(line[_FIRST]), last, line[_MODE] == "WRITE")


def _is_of(line: Sequence[str], inode: int | None) -> bool:
    """Whether it is a POSIX lock on that file; others of /proc/locks wait for one, or have no process."""
    return len(line) > _LAST and line[_KIND] == "POSIX" and line[_FILE].rpartition(":")[2] == str(inode)


def _device(line: Sequence[str]) -> str:
    return line[_FILE].rpartition(":")[0]


def _devices(path: str) -> set[str]:
    identity = identity_of(path)
    return set() if identity is None else {f"{os.major(identity[1]):02x}:{os.minor(identity[1]):02x}"}


def _inode(path: str) -> int | None:
    identity = identity_of(path)
    return None if identity is None else identity[0]


def _holds(locks: Iterable[Lock], pid: int, byte: int, *, exclusively: bool = False) -> bool:
    return any(lock.pid == pid and lock.has(byte) and (lock.is_exclusive or not exclusively) for lock in locks)
