"""A clockless disk: a VFS that refuses to tell SQLite the time, so that no SQL can read a hidden clock."""

from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from typing import Final, NoReturn

import apsw
from typing_extensions import override

_numbers: Final = count(1)


class AskedForTheTime(Exception):
    """Some SQL did."""


@contextmanager
def clockless_disk() -> Generator[list[str], None, None]:
    """Within, all connections of this process that are opened are on it; it notes each question."""
    disk = _Disk()
    try:
        yield disk.asked
    finally:
        disk.unregister()


class _Disk(apsw.VFS):
    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(f"clockless-{next(_numbers)}", "unix", makedefault=True)

    @override
    def xCurrentTime(self) -> NoReturn:
        self.asked.append("xCurrentTime")
        raise AskedForTheTime

    @override
    def xCurrentTimeInt64(self) -> NoReturn:
        self.asked.append("xCurrentTimeInt64")
        raise AskedForTheTime
