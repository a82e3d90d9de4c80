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
from os import fstat, readlink, stat
from typing import Final, TypeAlias, final

import apsw

from adc.ports.trouble import DatabaseMoved, StorageLocksLost, StoreTrouble
from adc.stores.sqlite.marks import F_OFD_GETLK, LOCK, UNSEEN, put_mark, request, who_has

Identity: TypeAlias = tuple[int, int]
"""Inode and device."""
Found: TypeAlias = tuple[type[StoreTrouble], str]
"""A trouble, and what to say of it."""

_LIST: Final = "/proc/self/fd"
_CLOSED: Final[Found] = StorageLocksLost, "something in this process closed a descriptor of the file"
_REMOVED: Final[Found] = StorageLocksLost, "its -wal or -shm was removed while it was open"
_UNLOCKED: Final[Found] = (
    StorageLocksLost,
    "its locks are gone: something in this process opened and closed the file, or its -shm",
)
_MOVED: Final[Found] = DatabaseMoved, "the file was moved, removed or replaced while it was open"

_WRITE_LOCK: Final = 120
"""The byte of -shm that a writer locks: https://sqlite.org/walformat.html#locks."""
_Watched: TypeAlias = tuple[int, int, int]
"""A descriptor's number, and its file as it was: inode and device."""


@final
class Descriptors:
    """Those of one connection. A look takes a microsecond or two; what it finds is a trouble, or None."""

    __slots__ = (
        "_expected", "_link", "_main", "_name", "_ours_main", "_ours_shm", "_path", "_request", "_shm", "_wal",
        "_who_main", "_who_shm", "files", "sees_locks", "sees_wal",
    )  # fmt: skip

    def __init__(self, filename: str, main: Iterable[int], wal: Iterable[int], shm: int) -> None:
        self._path = filename
        self._main = tuple(map(_watched, main))
        self._wal = tuple(map(_watched, wal))
        self._shm = _watched(shm)
        self._link = f"{_LIST}/{self._wal[0][0]}" if self._wal else ""
        self._name = readlink(self._link) if self._wal else ""  # noqa: PTH115  pathlib would cost 4 ms of each import of adc
        """Where the link to -wal led at first: elsewhere, once it was closed or removed.

        Whoever asks for the state of a file makes Linux give it a new time at its next write (multigrain timestamps,
        since 6.13): then the next commit at "full" would wait for that to be stored, too.
        """
        self.files: frozenset[Identity] = frozenset(
            (inode, device) for _, inode, device in (*self._main, *self._wal, self._shm)
        )
        of_main, of_shm = put_mark(self._main[0][0]), put_mark(shm)
        self._who_main, self._ours_main = of_main or UNSEEN
        self._who_shm, self._ours_shm = of_shm or UNSEEN
        self.sees_locks: bool = of_main is not None and of_shm is not None
        """Whether the system tells of locks here: then lost ones are noticed though all descriptors are open."""
        self.sees_wal: bool = bool(self._wal)
        """Whether it is known which descriptor is that of -wal."""
        self._request = request(_WRITE_LOCK)
        self._expected = LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _WRITE_LOCK, 1, os.getpid())

    @property
    def of_log(self) -> tuple[int, ...]:
        """Those of -wal and -shm."""
        return tuple(number for number, _, _ in (*self._wal, self._shm))

    def lost_at_begin(self) -> Found | None:
        """Look at -shm, where the locks are taken that a transaction relies on."""
        number, inode, device = self._shm
        try:
            now = fstat(number)
            if now.st_nlink and now.st_ino == inode and now.st_dev == device and self._who_shm() == self._ours_shm:
                return None
        except OSError:
            return _CLOSED
        return _lost(self._shm) or _UNLOCKED

    def lost_at_commit(self) -> Found | None:
        """Look, in a write transaction, at all that it relies on: its lock is there too, and the file in its place."""
        if self._is_as_it_was():
            return None
        return self.lost() or self.unlocked() or self._unlocked_for_writing() or self.moved()

    def unlocked(self) -> Found | None:
        """Look at the marks: whether SQLite has had all of its locks until now."""
        try:
            is_locked = self._who_main() == self._ours_main and self._who_shm() == self._ours_shm
        except OSError:
            return _CLOSED
        return None if is_locked else _UNLOCKED

    def _is_as_it_was(self) -> bool:
        """In one go, for speed. What closes a descriptor of the database takes its mark along."""
        if not self.sees_locks:
            return self.lost() is None and self.moved() is None
        try:
            if self._who_main() != self._ours_main or not self._leads_to_wal():
                return False
            there = stat(self._path)  # noqa: PTH116  pathlib would cost 4 ms of each import of adc
            _, inode, device = self._main[0]
            return (
                there.st_ino == inode
                and there.st_dev == device
                and ask(self._shm[0], F_OFD_GETLK, self._request) == self._expected
            )
        except OSError:
            return False

    def _unlocked_for_writing(self) -> Found | None:
        """The system joins locks that are side by side: to this one that of a checkpoint by another connection here.

        A mark doesn't tell of it: another SQLite in this process lets go of the writer's lock without closing anything.
        """
        found = who_has(self._shm[0], self._request) if self.sees_locks else self._expected
        if found is None:
            return _UNLOCKED
        kind, _, start, length, process = LOCK.unpack(found)
        is_ours = kind == fcntl.F_WRLCK and start <= _WRITE_LOCK < start + length and process == os.getpid()
        return None if is_ours else _UNLOCKED

    def moved(self) -> Found | None:
        """Look whether the file is where it was opened."""
        return None if identity_of(self._path) == self._main[0][1:] else _MOVED

    def lost(self) -> Found | None:
        """Look at all of them."""
        if not all(map(_is_same, self._main)):
            return _CLOSED
        with suppress(OSError):
            if self._leads_to_wal():
                return _lost(self._shm)
        return next(filter(None, map(_lost, (*self._wal, self._shm))), None)

    def wal_bytes(self) -> int:
        """How long -wal is. Within the lock of the connection: SQLite may move there before it reads or writes."""
        try:
            return os.lseek(self._wal[0][0], 0, os.SEEK_END) if self._leads_to_wal() else 0
        except OSError:
            return 0

    def _leads_to_wal(self) -> bool:
        """Whether the descriptor of -wal still is the one, if it is known; raises OSError where it is closed."""
        return not self._link or readlink(self._link) == self._name  # noqa: PTH115  as above


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


def numbers_of(path: str, known: Collection[int] = ()) -> frozenset[int]:
    """The descriptors that this process has open of a file, but for those that are known."""
    wanted = identity_of(path)
    if wanted is None:
        return frozenset()
    try:
        names = os.listdir(_LIST)  # noqa: PTH208  pathlib would cost 4 ms of each import of adc
    except OSError:
        return frozenset()
    there = (number for number in map(int, names) if number not in known)
    return frozenset(number for number in there if _identity_of_number(number) == wanted)


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
