"""Rights: who may read and write a queue's files, beside who should; only names are looked at."""

import os
import stat
from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from adc.auditing.diagnosis import Observation, Severity

_Said: TypeAlias = tuple[Severity, str, str]
"""How bad it is, what it is, and what to do."""

_WELL: Final[_Said] = "ok", "nobody but owner and group may read or write it", ""
_SUFFIXES: Final = ("", "-wal", "-shm", "-adc", "-wake")


class Place(Struct, frozen=True):
    """A file or directory as it stands there."""

    name: str
    """Its last part."""
    mode: int
    owner: str
    links: int = 1

    @property
    def is_link(self) -> bool:
        """Whether it only says where another one is."""
        return stat.S_ISLNK(self.mode)

    @property
    def shown(self) -> str:
        """Its rights, as `chmod` takes them, its owner and its name."""
        return f"{stat.S_IMODE(self.mode):04o} {self.owner} {self.name}{'/' * stat.S_ISDIR(self.mode)}"


def rights_to(path: str) -> Observation:
    """What may be done to the file, to those beside it, and in its directory."""
    directory = _place(os.path.dirname(os.path.abspath(path)))  # noqa: PTH100, PTH120  pathlib would cost 4 ms of each import of adc
    found = [_place(path + suffix) for suffix in _SUFFIXES]
    return observed(directory, [each for each in found if each is not None])


def observed(directory: Place | None, files: Sequence[Place]) -> Observation:
    """The worst thing that is wrong; the rights of all of them are in the details.

    Others can reach a file only through its directory: if that is closed to them, so are the files.
    """
    details = tuple(each.shown for each in (*files, *(() if directory is None else (directory,))))
    severity, says, advice = _replaceable(directory) or _wrong(files) or _open(directory, files) or _WELL
    return Observation("permissions", severity, says, advice, details)


def _replaceable(directory: Place | None) -> _Said | None:
    if directory is None or not directory.mode & stat.S_IWOTH or directory.mode & stat.S_ISVTX:
        return None
    return "error", "anybody may put another file in its place", f"chmod o-w {directory.name}"


def _wrong(files: Sequence[Place]) -> _Said | None:
    if any(each.is_link for each in files):
        return "error", "its name is a symbolic link: who can change that chooses the file", "Name the file itself."
    if files and stat.S_ISREG(files[0].mode) and files[0].links > 1:
        return "error", "it has another name too: opened by that, its -wal would be another one", "Remove that name."
    if len({each.owner for each in files}) > 1:
        return "warning", "its files have different owners: one may be unable to write them all", "Give all to one."
    return None


def _open(directory: Place | None, files: Sequence[Place]) -> _Said | None:
    if directory is not None and not directory.mode & stat.S_IXOTH:
        return None
    reached = [each for each in files if stat.S_ISREG(each.mode)]
    written = [each.name for each in reached if each.mode & stat.S_IWOTH]
    if written:
        return "error", f"anybody may write {', '.join(written)}", f"chmod o= {' '.join(written)}"
    read = [each.name for each in reached if each.mode & stat.S_IROTH]
    if read:
        return "warning", f"anybody may read {', '.join(read)}: payloads are plain text", f"chmod o= {' '.join(read)}"
    return None


def _place(path: str) -> Place | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return Place(os.path.basename(path) or path, found.st_mode, _owner(found.st_uid), found.st_nlink)  # noqa: PTH119  as above


def _owner(number: int) -> str:
    from pwd import getpwuid  # noqa: PLC0415  it is seldom needed

    try:
        return getpwuid(number).pw_name
    except KeyError:
        return str(number)
