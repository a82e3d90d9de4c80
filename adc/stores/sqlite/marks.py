"""Marks: locks of adc's own beside SQLite's, on bytes that nobody else uses: they go when those go, and tell of it.

Locks belong to the process and the file: whoever closes any descriptor of the file drops all of them. Of SQLite's own
that can't be told, since other processes have the same ones at the same time; a mark is exclusive. And it doesn't come
back: so if it is there after a commit, all locks that SQLite relied on were there all the time.
"""

import fcntl
import os
from collections.abc import Callable
from fcntl import fcntl as ask
from functools import partial
from struct import Struct as Layout
from typing import Final, TypeAlias

F_OFD_GETLK: Final[int] = getattr(fcntl, "F_OFD_GETLK", 0)
"""Who has a lock, this process too: its descriptor is asked, not the process. 0: not on this system."""
LOCK: Final = Layout("hhqqi4x")
"""A struct flock: type, whence, start, length, process."""

Mark: TypeAlias = tuple[Callable[[], bytes], bytes]
"""Who has its byte: what asks the system, and the answer while all is well."""

UNSEEN: Final[Mark] = (bytes, b"")
"""Where there can be no mark: it always is as it should be."""

_asked: Final[Callable[[int, int, bytes], bytes]] = ask
"""Given bytes, it gives bytes."""
_FIRST: Final = 1 << 62
"""Far behind all bytes that a file may have, and that SQLite locks."""
_STRIDE: Final = 1 << 22
"""More than there are processes: two of the same number, which see different parts of a system, find each their own."""
_TRIES: Final = 1_000
_FREE: Final = LOCK.pack(fcntl.F_UNLCK, 0, 0, 0, 0)[:2]


def put_mark(number: int) -> Mark | None:
    """Mark the file of a descriptor, for all connections of this process; None: that can't be done, or seen, here."""
    for start in range(_FIRST + os.getpid(), _FIRST + _TRIES * _STRIDE, _STRIDE):
        wanted = request(start)
        try:
            ask(number, fcntl.F_SETLK, wanted)
        except (BlockingIOError, PermissionError):
            continue
        except OSError:
            return None
        expected = LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, 1, os.getpid())
        mark: Mark = (partial(_asked, number, F_OFD_GETLK, wanted), expected)
        return mark if is_there(mark) else None
    return None


def is_there(mark: Mark) -> bool:
    """Whether it is still as it was put."""
    who, expected = mark
    try:
        return who() == expected
    except OSError:
        return False


def request(start: int) -> bytes:
    """An exclusive lock on one byte."""
    return LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, 1, 0)


def who_has(number: int, wanted: bytes) -> bytes | None:
    """The lock that would keep somebody else from having that one; None: there is none, or the system doesn't tell."""
    try:
        answer = ask(number, F_OFD_GETLK, wanted)
    except OSError:
        return None
    return None if answer[:2] == _FREE else answer
