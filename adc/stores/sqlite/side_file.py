"""The side file `<db>-adc`: each runner holds a lock on the byte of its slot, and counts its beats there.

The locks are POSIX record locks: the system frees them when the process dies, however it dies, even if it had forked a
child that lives on. But they belong to the process, not to the descriptor: a process sees its own as free, and closing
any descriptor of the file drops all of them. So the file is opened once per process, for all queues, and never closed.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, lockf
from struct import Struct as Layout
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeAlias, final

from adc.core.instants import LAST, Instant
from adc.ports.signs import UNSEEN, Pulse, Rest
from adc.ports.trouble import StorageLocksLost, StoreReadOnly
from adc.stores.sqlite.board import SLOT_BYTES, FileBoard
from adc.stores.sqlite.doorway import allowed_for, refuse_unsafe
from adc.stores.sqlite.troubles import trouble_of_system

if TYPE_CHECKING:
    from adc.core.liveness import DeathLock

SUFFIX: Final = "-adc"
_RECORD: Final = Layout("<QQ")
"""What stands in the first half of a slot: how many beats, and the time of the last one. It is written at once, and
never torn: it crosses no page. The other half is `FileBoard`'s."""
_Identity: TypeAlias = tuple[int, int]
"""Device and inode."""


@final
class _Opened:
    """A side file that this process has opened, and the slots that it holds there."""

    def __init__(self, descriptor: int, identity: _Identity) -> None:
        self.descriptor = descriptor
        self.held: set[int] = set()
        self.identity = identity
        self.board = FileBoard(descriptor, _named(identity))

    def is_intact(self) -> bool:
        """Whether the descriptor still is this file: a handler may have closed it, and its number be another's now."""
        try:
            return _identity_of(os.fstat(self.descriptor)) == self.identity
        except OSError:
            return False


_opened: dict[_Identity, _Opened] = {}
"""What is in here stays in here."""
_lock = Lock()


def _forked() -> None:
    """A child has its parent's descriptors, but none of its locks."""
    global _lock  # noqa: PLW0603  another thread may have held the old one when it forked
    _lock = Lock()
    for each in _opened.values():
        each.held.clear()


os.register_at_fork(after_in_child=_forked)


@final
class SideFile:
    """The signs of the runners of one database. The file is made when the first of them takes a slot."""

    def __init__(self, database: str) -> None:
        self._database = os.path.realpath(database)
        self.path: Final = self._database + SUFFIX
        self._slots: dict[int, tuple[_Opened, int]] = {}
        """Where each runner of this store has its signs, and how many beats it gave: a file that is replaced under it
        keeps them."""

    @property
    def name(self) -> str:
        """Device and inode; empty: there is no such file."""
        identity = _identity(self.path)
        return "" if identity is None else _named(identity)

    def hold(self, slot: int, at: Instant) -> str:
        """Take the death lock of a slot and give the first beat."""
        with _lock:
            opened = self._open(make=True)
            if opened is None or not _lock_byte(opened.descriptor, slot):
                raise StoreReadOnly(self.path, "enrol", "the lock of a runner can't be taken")
            opened.held.add(slot)
        self._slots[slot] = opened, 0
        try:
            self.beat(slot, at)
        except BaseException:
            self.let_go(slot)
            raise
        return opened.board.name

    def beat(self, slot: int, at: Instant) -> None:
        """Give a beat."""
        opened, beats = self._slots[slot]
        if not opened.is_intact():
            raise StorageLocksLost(self.path, "beat", "the descriptor of the side file was closed")
        self._slots[slot] = opened, beats + 1
        try:
            os.pwrite(opened.descriptor, _RECORD.pack(beats + 1, at), slot * SLOT_BYTES)
        except OSError as error:
            raise trouble_of_system(error, self.path, "beat") from error

    def let_go(self, slot: int) -> None:
        """Free the death lock."""
        opened, _ = self._slots.pop(slot)
        with _lock:
            opened.held.discard(slot)
            if opened.is_intact():
                _free_byte(opened.descriptor, slot)

    def see(self, slots: Sequence[tuple[int, str]]) -> list[Pulse]:
        """What can be seen of each slot: nothing, if its runner has another file open, which stood here before."""
        with _lock:
            opened = self._open(make=False)
            if opened is None:
                return [UNSEEN] * len(slots)
            here = opened.board.name
            return [_pulse(opened, slot) if name == here else UNSEEN for slot, name in slots]

    def enrolled(self, slot: int) -> None:
        """Tell all that the runner in this slot is on the roll."""
        opened, _ = self._slots[slot]
        with suppress(OSError):
            if opened.is_intact():
                opened.board.tell_latest(slot)

    def rest(self, slot: int, rest: Rest) -> None:
        """Say whether the runner in a slot that is held here rests; one whose descriptor is lost says nothing more."""
        opened, _ = self._slots[slot]
        with suppress(OSError):  # as on a full disk: then nobody wakes it
            if opened.is_intact():
                opened.board.say(slot, rest)

    def board(self) -> FileBoard | None:
        """What the runners say that have the file open which stands there now."""
        with _lock:
            opened = self._open(make=False)
        return None if opened is None else opened.board

    def _open(self, *, make: bool) -> _Opened | None:
        """The file as it stands there now; None: there is none, or it can't be opened."""
        identity = _identity(self.path)
        if identity is None and not make:
            return None
        known = None if identity is None else _opened.get(identity)
        if known is not None and known.is_intact():
            return known
        with suppress(FileNotFoundError):
            refuse_unsafe(self.path, os.lstat(self.path), allowed_for(self._database))
        try:
            mode = os.stat(self._database).st_mode & 0o666  # as SQLite does for -wal and -shm  # noqa: PTH116
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        except OSError:
            return None
        found = _identity_of(os.fstat(descriptor))
        known = _opened.get(found)
        if known is None or not known.is_intact():
            known = _opened[found] = _Opened(descriptor, found)
        return known  # else the file was replaced by one that we know: this descriptor must never be closed


def _identity(path: str) -> _Identity | None:
    try:
        return _identity_of(os.stat(path))  # noqa: PTH116  pathlib would cost 4 ms of each import of adc
    except OSError:
        return None


def _identity_of(found: os.stat_result) -> _Identity:
    return found.st_dev, found.st_ino


def _pulse(opened: _Opened, slot: int) -> Pulse:
    lock: DeathLock = "held" if slot in opened.held or not _lock_byte(opened.descriptor, slot) else "free"
    if lock == "free":
        _free_byte(opened.descriptor, slot)
    record = os.pread(opened.descriptor, _RECORD.size, slot * SLOT_BYTES)
    if len(record) < _RECORD.size:
        return Pulse(lock, 0, None)
    beats, at = _RECORD.unpack(record)
    return Pulse(lock, beats, Instant(at) if at <= LAST else None)  # another program may have written anything there


def _named(identity: _Identity) -> str:
    return f"{identity[0]}:{identity[1]}"


def _lock_byte(descriptor: int, slot: int) -> bool:
    """Whether the lock could be had at once."""
    try:
        lockf(descriptor, LOCK_EX | LOCK_NB, 1, slot)
    except OSError:
        return False
    return True


def _free_byte(descriptor: int, slot: int) -> None:
    lockf(descriptor, LOCK_UN, 1, slot)
