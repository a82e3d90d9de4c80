"""Signs: how runners show that they live, outside of transactions: a busy store never makes one look dead."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from adc.core.instants import Instant
from adc.core.liveness import DeathLock


class Pulse(Struct, frozen=True):
    """What the signs in one slot say."""

    lock: DeathLock
    beats: int
    beat_at: Instant | None
    """When the last beat was given, by the wall clock, for people to read; None: it can't be seen."""


UNSEEN = Pulse("unknown", 0, None)
"""Nothing can be seen."""


class Signs(Protocol):
    """A place with a slot for each runner. A slot is used once."""

    @property
    def name(self) -> str:
        """Which place this is: signs are only told from slots of the same one."""
        ...

    def hold(self, slot: int, at: Instant) -> str:
        """Take the death lock of a slot and give the first beat: in the place of which name.

        It is held until `let_go`, or the process's death.
        """
        ...

    def beat(self, slot: int, at: Instant) -> None:
        """Give a beat. It costs no transaction."""
        ...

    def let_go(self, slot: int) -> None:
        """Free the death lock: whoever sees it takes the runner for gone."""
        ...

    def see(self, slots: Sequence[tuple[int, str]]) -> list[Pulse]:
        """What can be seen of each of these slots, in the places of these names: one look at all of them."""
        ...
