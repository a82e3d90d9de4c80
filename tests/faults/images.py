"""Images: what a disk may hold after a power cut, of what was done to its files until then.

What was synced is there. Of what wasn't, each write may be there, or not, or some of its sectors; files may have grown
without what was written there; and names that were made or removed since the directory was synced may not be.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, TypeAlias

from tests.faults.recording_disk import Deed

Mode: TypeAlias = Literal["none", "all", "prefix", "torn", "reordered", "names", "garbage"]
MODES: Final[tuple[Mode, ...]] = ("none", "all", "prefix", "torn", "reordered", "names", "garbage")
SECTOR: Final = 512
Image: TypeAlias = dict[str, bytes]
"""The files by name."""


@dataclass
class _Content:
    synced: bytearray = field(default_factory=bytearray)
    pending: list[Deed] = field(default_factory=list)


@dataclass
class Disk:
    """Follows the deeds, and tells what may be left of them."""

    content: dict[int, _Content] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    synced_names: dict[str, int] = field(default_factory=dict)
    lies: bool = False
    """Whether it does nothing when it is to sync."""

    def begin(self, files: Mapping[str, bytes], numbers: Mapping[str, int]) -> None:
        """What was there before, for certain."""
        for name, content in files.items():
            self.content[numbers[name]] = _Content(bytearray(content))
            self.names[name] = self.synced_names[name] = numbers[name]

    def follow(self, deed: Deed) -> None:
        match deed.what:
            case "make":
                self.names[deed.name] = deed.file
                self.content.setdefault(deed.file, _Content())
            case "delete":
                self.names.pop(deed.name, None)
            case "write" | "truncate":
                self.content[deed.file].pending.append(deed)
            case "sync" if not self.lies:
                content = self.content[deed.file]
                for each in content.pending:
                    _apply(content.synced, each)
                content.pending.clear()
            case "directory" if not self.lies:
                self.synced_names = dict(self.names)
            case _:
                pass

    def image(self, mode: Mode, random: Random) -> Image:
        """One of the states in which the power cut may leave it."""
        names = self.names
        if mode == "names" or (mode != "all" and random.random() < 0.3):
            names = self._some_names(random)
        return {name: bytes(self._left(self.content[number], mode, random)) for name, number in names.items()}

    def _some_names(self, random: Random) -> dict[str, int]:
        """Each change of the directory since it was synced has come about, or not."""
        found: dict[str, int] = {}
        for name in self.names | self.synced_names:
            number = random.choice((self.names.get(name), self.synced_names.get(name)))
            if number is not None:
                found[name] = number
        return found

    def _left(self, content: _Content, mode: Mode, random: Random) -> bytearray:
        left, pending = bytearray(content.synced), content.pending
        if mode == "none" or not pending:
            return left
        if mode in ("all", "names"):
            kept = pending
        elif mode == "reordered":
            kept = [each for each in pending if random.random() < 0.5]
        else:
            kept = pending[: random.randrange(len(pending) + 1)]
        for each in kept:
            _apply(left, each)
        if mode == "torn" and len(kept) < len(pending):
            _tear(left, pending[len(kept)], random)
        if mode == "garbage":
            _grow(left, pending, random)
        return left


def _apply(left: bytearray, deed: Deed) -> None:
    if deed.what == "truncate":
        _resize(left, deed.offset)
        return
    _resize(left, max(len(left), deed.offset + len(deed.written)))
    left[deed.offset : deed.offset + len(deed.written)] = deed.written


def _resize(left: bytearray, size: int) -> None:
    del left[size:]
    left.extend(bytes(size - len(left)))


def _tear(left: bytearray, deed: Deed, random: Random) -> None:
    """Some of a write's sectors are there, in any order."""
    if deed.what != "write":
        return
    end = deed.offset + len(deed.written)
    for begin in range(deed.offset // SECTOR * SECTOR, end, SECTOR):
        if random.random() < 0.5:
            first, last = max(begin, deed.offset), min(begin + SECTOR, end)
            part = deed.written[first - deed.offset : last - deed.offset]
            _apply(left, Deed("write", deed.name, deed.file, first, part))


def _grow(left: bytearray, pending: list[Deed], random: Random) -> None:
    """The file is as long as it was to be, but has something else there."""
    size = max((each.offset + len(each.written) for each in pending if each.what == "write"), default=0)
    if size > len(left):
        left.extend(random.randbytes(size - len(left)))
