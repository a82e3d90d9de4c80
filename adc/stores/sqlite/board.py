"""The board: what runners say of their rest, in the second half of their slots in the side file.

Slots begin at 1. In place of a runner's, the one at 0 has the last slot of which a runner was enrolled. Nothing here is
ever synced, or relied upon.
"""

import os
from collections.abc import Sequence
from struct import Struct as Layout
from typing import Final, final

from adc.core.instants import Instant
from adc.ports.signs import AWAKE, Rest

SLOT_BYTES: Final = 32
"""Of which the first half are beats."""
_REST: Final = Layout("=QQ")  # this machine's order of bytes: no other one has the side file
_OFFSET: Final = SLOT_BYTES - _REST.size
_NUMBERS: Final = SLOT_BYTES // 8
_FREE: Final = _OFFSET // 8
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

    def rests(self, slots: Sequence[int]) -> dict[int, Rest]:
        """Those of these slots, in order, who say that they rest."""
        first = slots[0]
        length = (slots[-1] - first + 1) * SLOT_BYTES
        if length > _MOST_BYTES:
            return {slot: rest for slot in slots if (rest := self._read(slot)).free}
        found = os.pread(self._descriptor, length, first * SLOT_BYTES)
        numbers = memoryview(found)[: len(found) // SLOT_BYTES * SLOT_BYTES].cast("Q").tolist()
        free = numbers[_FREE::_NUMBERS]
        if not any(free):
            return {}
        until, here = numbers[_FREE + 1 :: _NUMBERS], set(slots)
        return {
            slot: Rest(free[slot - first], Instant(until[slot - first]))
            for slot in range(first, first + len(free))
            if free[slot - first] and slot in here
        }

    def say(self, slot: int, rest: Rest) -> None:
        """Say it, or take it down."""
        os.pwrite(self._descriptor, _REST.pack(rest.free, rest.until), slot * SLOT_BYTES + _OFFSET)

    def _read(self, slot: int) -> Rest:
        found = os.pread(self._descriptor, _REST.size, slot * SLOT_BYTES + _OFFSET)
        if len(found) < _REST.size:
            return AWAKE
        free, until = _REST.unpack(found)
        return Rest(free, Instant(until))
