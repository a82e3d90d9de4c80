"""Signs of runners that are all in this process, as with a queue in memory; a test can let one of them die."""

from collections.abc import Sequence
from typing import Final, final

from adc.core.instants import Instant
from adc.ports.signs import UNSEEN, Pulse, Rest


@final
class MemorySigns:
    """A dict of beats, and the set of slots that are held."""

    def __init__(self) -> None:
        self.name: Final = "memory"
        self._beats: dict[int, tuple[int, Instant]] = {}
        self._held: set[int] = set()
        self._rests: dict[int, Rest] = {}
        self._latest = 0

    def hold(self, slot: int, at: Instant) -> str:
        """Take the death lock of a slot and give the first beat."""
        self._held.add(slot)
        self.beat(slot, at)
        return self.name

    def beat(self, slot: int, at: Instant) -> None:
        """Give a beat."""
        beats, _ = self._beats.get(slot, (0, at))
        self._beats[slot] = beats + 1, at

    def let_go(self, slot: int) -> None:
        """Free the death lock."""
        self._held.discard(slot)
        self._rests.pop(slot, None)

    def see(self, slots: Sequence[tuple[int, str]]) -> list[Pulse]:
        """What can be seen of each of these slots."""
        return [self._pulse(slot, name) for slot, name in slots]

    def enrolled(self, slot: int) -> None:
        """Tell all that the runner in this slot is on the roll."""
        self._latest = slot

    def rest(self, slot: int, rest: Rest) -> None:
        """Say whether the runner in this slot rests."""
        self._rests[slot] = rest

    def board(self) -> "MemorySigns":
        """What all of them say."""
        return self

    def latest(self) -> int:
        """The last slot of which a runner was enrolled."""
        return self._latest

    def rests(self, slots: Sequence[int]) -> dict[int, Rest]:
        """Those of these slots who say that they rest."""
        return {slot: rest for slot, rest in self._rests.items() if rest.free and slot in slots}

    def say(self, slot: int, rest: Rest) -> None:
        """Say it, or take it down."""
        self._rests[slot] = rest

    def _pulse(self, slot: int, name: str) -> Pulse:
        if name != self.name or slot not in self._beats:
            return UNSEEN
        beats, at = self._beats[slot]
        return Pulse("held" if slot in self._held else "free", beats, at)
