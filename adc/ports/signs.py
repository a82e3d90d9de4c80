"""Signs: how runners show that they live, outside of transactions: a busy store never makes one look dead."""

from collections.abc import Mapping, Sequence
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


class Rest(Struct, frozen=True):
    """What a runner says before it rests, for whoever commits meanwhile."""

    free: int
    """For how many jobs it has room; 0: it has none, or doesn't rest."""
    until: Instant
    """When it looks by itself, at the latest."""


AWAKE = Rest(0, Instant(0))
"""It needn't be woken."""


class Board(Protocol):
    """Where all runners of a place say whether they rest; whoever wakes one takes down what it said."""

    @property
    def name(self) -> str:
        """Which place this is."""
        ...

    def latest(self) -> int:
        """The last slot of which a runner was enrolled: while it is the same, no runner was added."""
        ...

    def rests(self, slots: Sequence[int]) -> Mapping[int, Rest]:
        """Those of these slots who say that they rest; there is at least one, and they are in order."""
        ...

    def say(self, slot: int, rest: Rest) -> None:
        """Say it for the runner in this slot, or take it down."""
        ...


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

    def enrolled(self, slot: int) -> None:
        """Tell all that the runner in this slot is on the roll."""
        ...

    def rest(self, slot: int, rest: Rest) -> None:
        """Say whether the runner in a slot that is held here rests."""
        ...

    def board(self) -> Board | None:
        """What all of them say; None: no runner ever was here."""
        ...
