"""A recording disk: a VFS that writes down, in order, all that SQLite does to files."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final, Literal, TypeAlias

import apsw
from typing_extensions import Buffer, override

What: TypeAlias = Literal["make", "write", "truncate", "sync", "delete", "directory"]
SYNCS_DIRECTORY: Final = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
"""With the first sync of such a file that it opened to make it if it isn't there, each connection syncs the directory,
whoever made it: os_unix.c, UNIXFILE_DIRSYNC."""
_numbers: Final = count(1)


@dataclass(frozen=True)
class Deed:
    """One thing that was done to a file. A name may be another file's later: `file` counts them."""

    what: What
    name: str = ""
    file: int = 0
    offset: int = 0
    written: bytes = b""


@dataclass
class Recording:
    """What was done, in order."""

    folder: Path
    deeds: list[Deed] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    """Which file has a name now."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def make(self, name: str) -> int:
        """A file was opened that may be new."""
        known = self.files.get(name)
        if known is None:
            known = self.files[name] = next(self.numbers)
            self.deeds.append(Deed("make", name, known))
        return known


@contextmanager
def recording_disk(recording: Recording) -> Generator[None, None, None]:
    """Within, all connections of this process that are opened are on it."""
    disk = _Disk(recording)
    try:
        yield
    finally:
        disk.unregister()


class _Disk(apsw.VFS):
    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        super().__init__(f"recording-{next(_numbers)}", "unix", makedefault=True)

    @override
    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None or Path(path).parent != self.recording.folder:
            return apsw.VFSFile("unix", name, flags)
        asked = flags[0]
        opened = _File(name, flags)
        opened.begin(
            self.recording,
            Path(path).name,
            syncs_directory=bool(asked & SYNCS_DIRECTORY and asked & apsw.SQLITE_OPEN_CREATE),
        )
        return opened

    @override
    def xDelete(self, name: str, syncdir: bool) -> None:
        super().xDelete(name, syncdir)
        path = Path(name)
        if path.parent == self.recording.folder:
            self.recording.deeds.append(Deed("delete", path.name, self.recording.files.pop(path.name, 0)))
            if syncdir:
                self.recording.deeds.append(Deed("directory"))


class _File(apsw.VFSFile):
    def __init__(self, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("unix", name, flags)

    def begin(self, recording: Recording, name: str, *, syncs_directory: bool) -> None:
        self.recording = recording
        self.name = name
        self.file = recording.make(name)
        self.syncs_directory = syncs_directory

    @override
    def xWrite(self, written: Buffer, offset: int) -> None:
        super().xWrite(written, offset)
        self.recording.deeds.append(Deed("write", self.name, self.file, offset, bytes(written)))

    @override
    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        self.recording.deeds.append(Deed("truncate", self.name, self.file, size))

    @override
    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self.recording.deeds.append(Deed("sync", self.name, self.file))
        if self.syncs_directory:
            self.syncs_directory = False
            self.recording.deeds.append(Deed("directory"))
