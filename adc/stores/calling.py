"""Calling: whoever has committed wakes the runners that it concerns; where none rests, it costs next to nothing.

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
        self._barren: int | None = None
        """The era in which there was no board; None: there was one, or it isn't known."""
        self._known: tuple[str, int] = "", 0
        """Of which place, and up to which slot, it knows the runners."""
        self._listed: dict[int, Listed] = {}
        """By slot, in order."""
        self._slots: tuple[int, ...] = ()

    def call(self, concerns: Concerns, roll: Callable[[str], Iterable[Listed]], era: int | None = None) -> None:
        """Wake whom it concerns. `roll` reads who is enrolled in a place.

        In one `era` nobody enrols, so that a board that isn't there is looked for once; None: somebody may have.
        """
        if era is not None and era == self._barren:
            return
        board = self._signs.board()
        self._barren = era if board is None else None
        if board is None:
            return
        known = board.name, board.latest()
        if known != self._known:
            self._listed = {each.slot: each for each in sorted(roll(board.name), key=lambda each: each.slot)}
            self._slots, self._known = tuple(self._listed), known
        if self._listed:
            self._call(concerns, board)

    def _call(self, concerns: Concerns, board: Board) -> None:
        if concerns.asked:
            for slot in asked_of(concerns, self._listed.values()):
                self._wakeup.call(slot, "asked")
        if concerns.due or concerns.resumed:
            resting = board.rests(self._slots)
            for slot, news in to_wake(concerns, self._listed, resting).items():
                board.say(slot, AWAKE)  # so that the next commit wakes somebody else
                self._wakeup.call(slot, news)
