"""Calling: whoever has committed wakes the runners that it concerns. It costs little when there are none, or none rests.

The order is what counts: a runner first says that it rests, and then looks; here it is first committed, and then seen
who rests. So one of the two always sees the other.
"""

from collections.abc import Callable, Iterable
from typing import final

from adc.ports.signs import AWAKE, Board, Signs
from adc.ports.wakeup import Wakeup
from adc.stores.waking import Concerns, Listed, asked_of, to_wake


@final
class Caller:
    """What one store knows of who can be woken. One thread at a time."""

    def __init__(self, signs: Signs, wakeup: Wakeup) -> None:
        self._signs = signs
        self._wakeup = wakeup
        self._known: tuple[str, int] = "", 0
        """Of which place, and up to which slot, it knows the runners."""
        self._listed: list[Listed] = []

    def call(self, concerns: Concerns, roll: Callable[[str], Iterable[Listed]]) -> None:
        """Wake whom it concerns. `roll` reads who is enrolled in a place."""
        board = self._signs.board()
        if board is None:
            return
        known = board.name, board.latest()
        if known != self._known:
            self._listed, self._known = sorted(roll(board.name), key=lambda each: each.slot), known
        if self._listed:
            self._call(concerns, board)

    def _call(self, concerns: Concerns, board: Board) -> None:
        if concerns.asked:
            for each in asked_of(concerns, {each.runner: each for each in self._listed}):
                self._wakeup.call(each.slot, "asked")
        if not (concerns.due or concerns.resumed):
            return
        rests = board.rests([each.slot for each in self._listed])
        resting = [(each, rest) for each, rest in zip(self._listed, rests, strict=True) if rest.free]
        for each in to_wake(concerns, resting) if resting else ():
            board.say(each.slot, AWAKE)  # so that the next commit wakes somebody else
            self._wakeup.call(each.slot, "due")
