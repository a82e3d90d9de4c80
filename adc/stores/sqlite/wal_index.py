"""The index of -wal: how much is in it, how much of that is in the file too, and where those stand who read.

It is in -shm, which may not be opened beside SQLite. But SQLite has it in this process's memory: there it is read. Only
Linux tells where: elsewhere it isn't known. The layout: https://sqlite.org/walformat.html#the_wal_index_file_format.
"""

import os
import sys
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

_MAPS: Final = "/proc/self/maps"
_BYTES: Final = 136
_HALF: Final = 48
"""The header is there twice: while both are the same, nobody is writing it."""
_TRIES: Final = 100
_VERSION: Final = 3_007_000
_HEADER: Final = Layout("=IIIBBHII")
"""Version, nothing, a counter, whether it is in use, the order of bytes, the size of a page, the last frame, pages."""
_PROGRESS: Final = Layout("=I5I")
"""The last frame that is in the file too, and the marks of readers."""
_FRAME_HEADER: Final = 24
_LARGEST_PAGE: Final = 65_536


class WalIndex(Struct, frozen=True):
    """What it says. A frame is a page as a commit left it."""

    frame: int
    """How many bytes one has."""
    last: int
    """The last one."""
    written_back: int
    """The last one that is in the file too."""
    marks: tuple[int, ...]
    """Up to which frame those read who hold a mark."""

    @property
    def waiting(self) -> int:
        """How many bytes of the -wal aren't in the file yet."""
        return max(0, self.last - self.written_back) * self.frame

    def behind(self, mark: int) -> int:
        """How many bytes were committed behind what is read by those who hold this mark."""
        read = 0 if mark == 0 else self.marks[mark]
        return max(0, self.last - read) * self.frame


def wal_index_of(path: str) -> WalIndex | None:
    """What it says of a database that a connection of this process has read from; None: that can't be told."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        address = _address(f"{path}-shm")
    except OSError:
        return None
    return None if address is None else _read(address)


def _address(shm: str) -> int | None:
    inode = str(os.stat(shm).st_ino)  # noqa: PTH116  pathlib would cost 4 ms of each import of adc
    with open(_MAPS) as file:  # noqa: PTH123  as above
        for line in file:
            found = line.split(maxsplit=5)
            if len(found) == 6 and found[4] == inode and int(found[2], 16) == 0 and found[5].strip().endswith("-shm"):
                return int(found[0].partition("-")[0], 16)
    return None


def _read(address: int) -> WalIndex | None:
    from ctypes import string_at  # noqa: PLC0415  it is seldom needed

    for _ in range(_TRIES):
        found = string_at(address, _BYTES)
        if found[:_HALF] == found[_HALF : 2 * _HALF]:
            version, _, _, is_used, _, page, last, _ = _HEADER.unpack_from(found)
            if version != _VERSION or not is_used:
                return None
            written_back, *marks = _PROGRESS.unpack_from(found, 2 * _HALF)
            size = _LARGEST_PAGE if page == 1 else page
            return WalIndex(size + _FRAME_HEADER, last, written_back, tuple(marks))
    return None
