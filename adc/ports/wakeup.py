"""Wakeup: how runners that rest learn at once that there is something to do. Nothing depends on it: they look, too."""

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

News: TypeAlias = Literal["due", "soon", "asked"]
"""Why a runner is woken: a job that it can run is due, so that it may claim without a look; one may be, before it looks
by itself; or something is asked of one that it runs."""

Wake: TypeAlias = Callable[[News], None]
"""Wakes one runner: from any thread, and without waiting."""


class Wakeup(Protocol):
    """Calls from whoever commits to runners, each in the slot of its signs."""

    def listen(self, slot: int, wake: Wake) -> bool:
        """From now on a call to this slot wakes the runner there; whether other processes can call it, too."""
        ...

    def leave(self, slot: int) -> None:
        """Listen no longer."""
        ...

    def call(self, slot: int, news: News) -> None:
        """Wake the runner in a slot, without waiting. One that is gone costs nothing, and raises nothing."""
        ...

    def ears(self) -> frozenset[int]:
        """The slots in which somebody listens, or listened and didn't leave."""
        ...

    def remove(self, slot: int) -> None:
        """Nobody listens in this slot any more: what is left there goes."""
        ...
