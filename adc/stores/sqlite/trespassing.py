"""Trespassing: in a process that asks for it, whoever opens a file that adc has open there is refused, at that moment.

Python tells of what it opens itself and of `sqlite3`; other libraries that open files by C of their own aren't seen.
"""

import os
import sys
from typing import Final, TypeAlias

from adc.ports.trouble import MixedSqlite
from adc.stores.sqlite.custody import all_custodies
from adc.stores.sqlite.descriptors import identity_of

Told: TypeAlias = tuple[object, ...]
"""What Python says of an event."""

_OPENS: Final = frozenset({"open", "sqlite3.connect"})
_guarded: list[bool] = []


def guard_files() -> None:
    """Raise MixedSqlite where code of this process opens a file that a queue of it has open, by `open` or `sqlite3`.

    Locks keep nobody out within a process, and whoever closes such a file drops those of all: commits would be lost,
    without an error. A queue notices that by itself, but only afterwards; this refuses it before anything is done.
    It lasts as long as the process, and costs a microsecond or so of each file that is opened.
    """
    if not _guarded:
        import urllib.parse  # noqa: F401, PLC0415  now, rather than while a file is opened

        _guarded.append(True)
        sys.addaudithook(_refuse_trespassers)


def _refuse_trespassers(event: str, told: Told) -> None:
    if event not in _OPENS or not told:
        return
    files = {identity for _, custody in all_custodies() for identity in custody.files}
    path = _path_of(told[0]) if files else None
    if path is not None and identity_of(path) in files:
        problem = "this process has a queue on it: whoever opens it here, and then closes it, drops the queue's locks"
        raise MixedSqlite(path, event, problem)


def _path_of(given: object) -> str | None:
    """None: it is no path. sqlite3 takes URIs too, if it is told so."""
    if not isinstance(given, str | bytes | os.PathLike):
        return None
    path = os.fsdecode(given)
    if not path.startswith("file:"):
        return path
    from urllib.parse import unquote  # noqa: PLC0415  as above

    return unquote(path.removeprefix("file:").removeprefix("//").partition("?")[0])
