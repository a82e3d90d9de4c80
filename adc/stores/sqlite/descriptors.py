"""Descriptors: whether those that SQLite has open still are the database's files, and its locks are there.

Whoever closes a descriptor of the file, in any part of the process, takes all of SQLite's locks along; and when another
file is opened, it gets the descriptor's number, and SQLite would write into it. SQLite notices neither. Only Linux
tells which descriptors a process has: elsewhere this guard is absent.
"""

import fcntl
import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from fcntl import fcntl as ask
from os import fstat, stat
from struct import Struct as Layout
from typing import Final, TypeAlias, final

import apsw

from adc.ports.trouble import DatabaseMoved, StorageLocksLost, StoreTrouble

Identity: TypeAlias = tuple[int, int]
"""Inode and device."""
Found: TypeAlias = tuple[type[StoreTrouble], str]
"""A trouble, and what to say of it."""

F_OFD_GETLK: Final[int] = getattr(fcntl, "F_OFD_GETLK", 0)
"""Who has a lock, this process too: its descriptor is asked, not the process. 0: not on this system."""
_LIST: Final = "/proc/self/fd"
_CLOSED: Final[Found] = StorageLocksLost, "something in this process closed a descriptor of the file"
_REMOVED: Final[Found] = StorageLocksLost, "its -wal or -shm was removed while it was open"
_UNLOCKED: Final[Found] = (
    StorageLocksLost,
    "its lock is gone: something in this process opened and closed the file",
)
_MOVED: Final[Found] = DatabaseMoved, "the file was moved, removed or replaced while it was open"

_WRITE_LOCK: Final = 120
"""The byte of -shm that a writer locks: https://sqlite.org/walformat.html#locks."""
_IN_USE: Final = 128
"""The byte of -shm on which each process that has it open has a shared lock."""
_LOCK: Final = Layout("hhqqi4x")
"""A struct flock: type, whence, start, length, process."""
_FREE: Final = Layout("h").pack(fcntl.F_UNLCK)
_Watched: TypeAlias = tuple[int, int, int]
"""A descriptor's number, and its file as it was: inode and device."""


@final
class Descriptors:
    """Those of one connection. A look takes a microsecond or two; what it finds is a trouble, or None."""

    __slots__ = ("_expected", "_main", "_path", "_request", "_shm", "_wal", "sees_locks", "sees_wal")

    def __init__(self, filename: str, main: Iterable[int], wal: Iterable[int], shm: int) -> None:
        self._path = filename
        self._main = tuple(map(_watched, main))
        self._wal = tuple(map(_watched, wal))
        self._shm = _watched(shm)
        self.sees_locks: bool = _lock_on(shm, _request(_IN_USE)) is not None
        """Whether the system tells of locks here: then a lost one is noticed though all descriptors are open."""
        self.sees_wal: bool = bool(self._wal)
        """Whether it is known which descriptor is that of -wal."""
        self._request = _request(_WRITE_LOCK)
        self._expected = _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _WRITE_LOCK, 1, os.getpid())

    def lost_at_begin(self) -> Found | None:
        """Look at -shm, where the locks are taken that a transaction relies on."""
        return _lost(self._shm)

    def lost_at_commit(self) -> Found | None:
        """Look, in a write transaction, at all that it relies on: its lock is there too, and the file in its place."""
        return None if self._is_as_it_was() else self.lost() or self._unlocked() or self.moved()

    def _is_as_it_was(self) -> bool:
        """In one go, for speed. That the transaction's lock is on -shm says that -shm is there."""
        try:
            for number, inode, device in self._main:
                now = fstat(number)
                if now.st_ino != inode or now.st_dev != device:
                    return False
            for number, wal_inode, wal_device in self._wal:
                now = fstat(number)
                if now.st_ino != wal_inode or now.st_dev != wal_device or not now.st_nlink:
                    return False
            there = stat(self._path)  # noqa: PTH116  pathlib would cost 4 ms of each import of adc
            return (
                there.st_ino == inode
                and there.st_dev == device
                and (not self.sees_locks or ask(self._shm[0], F_OFD_GETLK, self._request) == self._expected)
            )
        except OSError:
            return False

    def _unlocked(self) -> Found | None:
        """The system joins locks that are side by side: to this one that of a checkpoint by another connection here."""
        found = _lock_on(self._shm[0], self._request) if self.sees_locks else self._expected
        if found is None:
            return _UNLOCKED
        kind, _, start, length, process = _LOCK.unpack(found)
        is_ours = kind == fcntl.F_WRLCK and start <= _WRITE_LOCK < start + length and process == os.getpid()
        return None if is_ours else _UNLOCKED

    def moved(self) -> Found | None:
        """Look whether the file is where it was opened."""
        return None if identity_of(self._path) == self._main[0][1:] else _MOVED

    def lost(self) -> Found | None:
        """Look at all of them."""
        if not all(map(_is_same, self._main)):
            return _CLOSED
        return next(filter(None, map(_lost, (*self._wal, self._shm))), None)


def find(connection: apsw.Connection, before: Collection[int]) -> Descriptors | None:
    """Those of a connection that was just opened, with the -wal that wasn't there before it.

    Of the database itself, all that this process has: SQLite closes none of them while any of its connections holds a
    lock. -shm is open once in a process. If another connection, not of adc, opened -wal meanwhile, it can't be told
    which is whose: then -wal isn't watched. None: they can't be found.
    """
    filename, wal_filename = connection.filename, connection.filename_wal
    main = numbers_of(filename)
    wal = numbers_of(wal_filename) - frozenset(before)
    shm = numbers_of(f"{filename}-shm")
    if not main or not wal or not shm:
        return None
    with suppress(OSError):
        return Descriptors(filename, main, wal if len(wal) == 1 else (), min(shm))
    return None


def numbers_of(path: str) -> frozenset[int]:
    """The descriptors that this process has open of a file."""
    wanted = identity_of(path)
    if wanted is None:
        return frozenset()
    try:
        names = os.listdir(_LIST)  # noqa: PTH208  pathlib would cost 4 ms of each import of adc
    except OSError:
        return frozenset()
    return frozenset(number for number in map(int, names) if _identity_of_number(number) == wanted)


def identity_of(path: str) -> Identity | None:
    """Which file has this name now; None: no file. It is never opened: closing it would drop SQLite's locks."""
    try:
        found = os.stat(path)  # noqa: PTH116  as above
    except OSError:
        return None
    return found.st_ino, found.st_dev


def _identity_of_number(number: int) -> Identity | None:
    try:
        found = fstat(number)
    except OSError:
        return None
    return found.st_ino, found.st_dev


def _watched(number: int) -> _Watched:
    found = fstat(number)
    return number, found.st_ino, found.st_dev


def _is_same(watched: _Watched) -> bool:
    number, inode, device = watched
    try:
        now = fstat(number)
    except OSError:
        return False
    return now.st_ino == inode and now.st_dev == device


def _lost(watched: _Watched) -> Found | None:
    """Whether it is another file by now, or one without a name: SQLite keeps those that are in use."""
    number, inode, device = watched
    try:
        now = fstat(number)
    except OSError:
        return _CLOSED
    if now.st_ino != inode or now.st_dev != device:
        return _CLOSED
    return None if now.st_nlink else _REMOVED


def _request(byte: int) -> bytes:
    return _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)


def _lock_on(number: int, request: bytes) -> bytes | None:
    """What would keep somebody else from such a lock; None: nothing, or the system doesn't tell."""
    try:
        answer = ask(number, F_OFD_GETLK, request)
    except OSError:
        return None
    return None if answer[:2] == _FREE else answer
