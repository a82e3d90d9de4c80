"""Room: whether a file can still grow: SQLite says of some full disks and quotas only that a write failed."""

import os.path
from contextlib import suppress
from typing import Final

MARGIN: Final = 1 << 20
"""In bytes: what a transaction may need at once."""


def is_out_of_room(path: str) -> bool:
    """Whether the disk, or a limit of this process, leaves no room for the file, or for what is beside it."""
    from resource import RLIM_INFINITY, RLIMIT_FSIZE, getrlimit  # noqa: PLC0415  it is seldom needed

    with suppress(OSError):
        disk = os.statvfs(os.path.dirname(path) or ".")  # noqa: PTH120  pathlib would cost 4 ms of each import of adc
        if disk.f_bavail * disk.f_frsize < MARGIN:
            return True
    limit, _ = getrlimit(RLIMIT_FSIZE)
    return limit != RLIM_INFINITY and any(_size(path + suffix) + MARGIN > limit for suffix in ("", "-wal", "-shm"))


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)  # noqa: PTH202  as above
    except OSError:
        return 0
