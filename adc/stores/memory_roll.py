"""The roll of a store in memory: its runners and their signs of life."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias, final

from adc.core.ids import RunnerId
from adc.core.instants import Instant
from adc.core.liveness import Sign
from adc.ports.signs import AWAKE, Rest
from adc.ports.store import Enrolled, Enrolment
from adc.ports.wakeup import Wake
from adc.stores.calling import Caller
from adc.stores.memory_signs import MemorySigns
from adc.stores.memory_wakeup import MemoryWakeup
from adc.stores.waking import Concerns, Listed

Entries: TypeAlias = Mapping[RunnerId, tuple[int, Enrolment]]
"""Slots, and what was enrolled."""


@final
class MemoryRoll:
    """Runners by their ids, each in a slot of its own."""

    def __init__(self) -> None:
        self._signs = MemorySigns()
        self._wakeup = MemoryWakeup()
        self._caller = Caller(self._signs, self._wakeup)
        self._wakes: dict[RunnerId, Wake] = {}
        self._last_slot = 0
        self.entries: Entries = {}

    def enter(self, runner: Enrolment) -> None:
        """Put a runner on the roll."""
        self._let_go(runner.runner)
        self._last_slot += 1
        self._signs.hold(self._last_slot, runner.started_at)
        rest = {each: entry for each, entry in self.entries.items() if each != runner.runner}
        self.entries = {**rest, runner.runner: (self._last_slot, runner)}
        self._signs.enrolled(self._last_slot)
        if runner.runner in self._wakes:
            self._wakeup.listen(self._last_slot, self._wakes[runner.runner])

    def listen(self, runner: RunnerId, wake: Wake) -> None:
        """Wake a runner that way, as soon as it is on the roll."""
        self._wakes[runner] = wake

    def rest(self, runner: RunnerId, rest: Rest) -> None:
        """Let all see whether a runner rests."""
        if runner in self.entries:
            self._signs.rest(self.entries[runner][0], rest)

    def call(self, concerns: Concerns) -> None:
        """Wake those whom a commit concerns."""
        self._caller.call(
            concerns, lambda _: [Listed(slot, each.runner, each.wanted) for slot, each in self.entries.values()]
        )

    def strike(self, runner: RunnerId) -> None:
        """Take a runner off the roll."""
        self.entries = {each: entry for each, entry in self.entries.items() if each != runner}

    def beat(self, runner: RunnerId, at: Instant) -> bool:
        """Give a beat; whether others can see it."""
        if runner not in self.entries:
            return False
        self._signs.beat(self.entries[runner][0], at)
        return True

    def let_go(self, runner: RunnerId) -> None:
        """End a runner's signs of life, and wake it no more."""
        self._let_go(runner)
        self._wakes.pop(runner, None)

    def _let_go(self, runner: RunnerId) -> None:
        if runner in self.entries:
            slot, _ = self.entries[runner]
            self._signs.rest(slot, AWAKE)
            self._wakeup.leave(slot)
            self._signs.let_go(slot)

    def sign(self, runner: RunnerId) -> Sign | None:
        """What can be seen of a runner; None: it isn't on the roll."""
        if runner not in self.entries:
            return None
        slot, enrolment = self.entries[runner]
        (pulse,) = self._signs.see([(slot, self._signs.name)])
        return Sign(slot, enrolment.boot_id, pulse.lock, pulse.beats, enrolment.lease)

    def all(self, holders: Iterable[RunnerId]) -> tuple[Enrolled, ...]:
        """All runners; `holders` names one for each job that it holds."""
        held = list(holders)
        return tuple(self._enrolled(slot, each, held.count(each.runner)) for slot, each in self.entries.values())

    def _enrolled(self, slot: int, enrolment: Enrolment, held: int) -> Enrolled:
        (pulse,) = self._signs.see([(slot, self._signs.name)])
        sign = Sign(slot, enrolment.boot_id, pulse.lock, pulse.beats, enrolment.lease)
        return Enrolled(enrolment, held, sign, pulse.beat_at)
