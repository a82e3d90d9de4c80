"""The library: which releases of SQLite keep what they have committed when several connections use one WAL."""

from functools import cache
from typing import Final, TypeAlias

import apsw

from adc.ports.trouble import SqliteTooOld

Release: TypeAlias = tuple[int, ...]

_FIXED: Final[Release] = (3, 51, 3)
"""The first one without the bug: a checkpoint at the wrong moment lost commits: https://sqlite.org/wal.html#walresetbug."""
_BACKPORTS: Final[tuple[Release, ...]] = ((3, 44, 6), (3, 50, 7))
"""The first ones of older series without it."""


def refuse_old_library(path: str) -> None:
    """Raise SqliteTooOld if the SQLite that apsw has may lose commits."""
    if not _is_sound():
        problem = f"the SQLite of apsw is {apsw.sqlite_lib_version()}, which can lose commits in WAL mode"
        raise SqliteTooOld(path, "open", problem)


def loses_commits(version: str) -> bool:
    """Whether a release has the bug, or is so old that it has no WAL."""
    release = tuple(int(part) for part in version.split("."))
    backported = any(release[:2] == first[:2] and release >= first for first in _BACKPORTS)
    return release < _FIXED and not backported


@cache
def _is_sound() -> bool:
    return not loses_commits(apsw.sqlite_lib_version())
