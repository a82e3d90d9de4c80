"""Doorway: whether a file lies where nobody else can put one in its place; a new one is its owner's alone.

Nothing here opens a file that may be a database: closing it would drop SQLite's locks. A new file is made without
being opened, before there is any connection to it.
"""

import os
import stat
from collections.abc import Collection
from contextlib import suppress
from typing import Final, Literal, TypeAlias, get_args

from adc.ports.trouble import UnsafeFile
from adc.stores.sqlite.filesystems import refuse_shared

Risk: TypeAlias = Literal["foreign-owner", "hard-links", "network-drive", "open-directory"]
"""What a file is refused for, unless whoever opens it allows it."""

_DIRECTORY: Final = "-wake"
_BESIDE: Final = ("-wal", "-shm", "-journal", "-adc", _DIRECTORY)
"""What belongs to a database, behind its name."""

_PRIVATE: Final = 0o600


_let_in: dict[str, frozenset[Risk]] = {}
"""What was allowed, by file, for all connections that this process opens to it from then on."""


def let_in(path: str, allow: Collection[Risk]) -> None:
    """From now on, allow these for a file; raises ValueError for a risk that there isn't."""
    if isinstance(allow, str) or not frozenset(get_args(Risk)).issuperset(allow):
        raise ValueError(f"expected some of {', '.join(map(repr, get_args(Risk)))} in allow, got {allow!r}")
    if allow:
        real = _real(path)
        _let_in[real] = allowed_for(real) | frozenset(allow)


def allowed_for(real: str) -> frozenset[Risk]:
    """What is allowed for a file, whose name has no symbolic links in it."""
    return _let_in.get(real, frozenset())


def admit(path: str, *, make: bool) -> str:
    """The name by which SQLite can have the file; raises UnsafeFile or NetworkFileSystem.

    In it no directory is a symbolic link, so that SQLite can refuse all that there are. With `make` a file that isn't
    there is made, empty. Where there can be none, nothing is raised: SQLite tells why.
    """
    real = _real(path)
    allow = allowed_for(real)
    try:
        around = os.stat(os.path.dirname(real))  # noqa: PTH116, PTH120  pathlib would cost 4 ms of each import of adc
    except OSError:
        return real
    if "network-drive" not in allow:
        refuse_shared(real, around.st_dev)
    if is_open(around.st_mode) and "open-directory" not in allow:
        problem = f"everybody may replace files in its directory (its mode is {_shown(around.st_mode)})"
        raise UnsafeFile(path, "open", problem, "open-directory")
    if make:
        _make(real)
    _refuse_unsafe(real, path, allow)
    return real


def is_open(mode: int) -> bool:
    """Whether everybody may remove and replace files in a directory; in /tmp each may do so with his own."""
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX


def _make(path: str) -> None:
    """Make it if nothing has its name. Not every system lets every user make one without opening it."""
    try:
        os.mknod(path, _PRIVATE | stat.S_IFREG)
    except FileExistsError:
        return
    except (OSError, AttributeError):
        with suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE))


def _refuse_unsafe(real: str, path: str, allow: Collection[Risk]) -> None:
    main = _status(real)
    if main is None or stat.S_ISDIR(main.st_mode):
        return
    refuse_unsafe(path, main, allow)
    for suffix in _BESIDE:
        found = _status(real + suffix)
        if found is not None:
            refuse_unsafe(path + suffix, found, allow, is_directory=suffix == _DIRECTORY)


def refuse_unsafe(path: str, found: os.stat_result, allow: Collection[Risk], *, is_directory: bool = False) -> None:
    """Raise UnsafeFile for what somebody else may have put there."""
    if stat.S_ISLNK(found.st_mode):
        raise UnsafeFile(path, "open", f"it is a symbolic link to {os.path.realpath(path)}: name that file instead")
    if not (stat.S_ISDIR if is_directory else stat.S_ISREG)(found.st_mode):
        raise UnsafeFile(path, "open", f"it isn't a {'directory' if is_directory else 'plain file'}")
    if found.st_uid not in {0, os.geteuid()} and "foreign-owner" not in allow:
        problem = f"it belongs to the user {found.st_uid}, and not to {os.geteuid()}, who opens it: be that user"
        raise UnsafeFile(path, "open", problem, "foreign-owner")
    if found.st_nlink > 1 and not is_directory and "hard-links" not in allow:
        problem = f"it has {found.st_nlink} names, and by another one SQLite wouldn't find what is in its -wal"
        raise UnsafeFile(path, "open", problem, "hard-links")


def _real(path: str) -> str:
    """The file itself may be a symbolic link, which is refused."""
    directory, name = os.path.split(path)
    return os.path.join(os.path.realpath(directory), name)  # noqa: PTH118  as above


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _shown(mode: int) -> str:
    return f"{stat.S_IMODE(mode):04o}"
