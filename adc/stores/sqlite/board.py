"""The board: what runners say of their rest, in the second half of their slots in the side file.

Slots begin at 1. In place of a runner's, the one at 0 has the last slot of which a runner was enrolled. Nothing here is
ever synced, or relied upon.
"""

import os
from collections.abc import Collection
from struct import Struct as Layout
from typing import Final, final

from adc.core.instants import Instant
from adc.ports.signs import AWAKE, Rest

SLOT_BYTES: Final = 32
"""Of which the first half are beats."""
_REST: Final = Layout("<QQ")
_OFFSET: Final = SLOT_BYTES - _REST.size
_MOST_BYTES: Final = 1 << 16
"""Slots that are further apart are read one by one."""


@final
class FileBoard:
    """That of one side file, by a descriptor that stays open."""

    __slots__ = ("_descriptor", "name")

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self.name: Final = name

    def latest(self) -> int:
        """The last slot of which a runner was enrolled."""
        return self._read(0).free

    def tell_latest(self, slot: int) -> None:
        """One was enrolled."""
        self.say(0, Rest(slot, Instant(0)))

    def rests(self, slots: Collection[int]) -> list[Rest]:
        """What those in these slots say."""
        if not slots:
            return []
        first, last = min(slots), max(slots)
        length = (last - first + 1) * SLOT_BYTES
        if length > _MOST_BYTES:
            return [self._read(slot) for slot in slots]
        found = os.pread(self._descriptor, length, first * SLOT_BYTES).ljust(length, b"\0")
        return [_rest(found, (slot - first) * SLOT_BYTES + _OFFSET) for slot in slots]

    def say(self, slot: int, rest: Rest) -> None:
        """Say it, or take it down."""
        os.pwrite(self._descriptor, _REST.pack(rest.free, rest.until), slot * SLOT_BYTES + _OFFSET)

    def _read(self, slot: int) -> Rest:
        found = os.pread(self._descriptor, _REST.size, slot * SLOT_BYTES + _OFFSET)
        return _rest(found, 0) if len(found) == _REST.size else AWAKE


def _rest(found: bytes, offset: int) -> Rest:
    free, until = _REST.unpack_from(found, offset)
    return Rest(free, Instant(until))
