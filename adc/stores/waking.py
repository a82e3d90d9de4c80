"""Waking: whom a commit concerns, of the runners that rest: those that have room for what it made due, and no more."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, final

from msgspec import Struct

from adc.core.database import DatabaseTransition
from adc.core.ids import RunnerId
from adc.core.instants import Instant
from adc.core.states import Cancelling, Scheduled
from adc.core.transition import Transition
from adc.ports.signs import Rest
from adc.ports.store import Wanted

_Address: TypeAlias = tuple[str, str, int]
"""Queue, kind and payload version."""


class Listed(Struct, frozen=True):
    """A runner on the roll."""

    slot: int
    runner: RunnerId
    wanted: Wanted


@final
class Concerns:
    """What a transaction made due, and of whom it asked something."""

    __slots__ = ("asked", "due", "resumed")

    def __init__(self) -> None:
        self.due: dict[_Address, tuple[int, Instant]] = {}
        """How many waiting jobs, and when the first of them is due."""
        self.asked: list[RunnerId] = []
        """Who runs a job that was cancelled."""
        self.resumed: list[str] = []
        """Queues."""

    def __bool__(self) -> bool:
        """Whether it concerns anybody."""
        return bool(self.due or self.asked or self.resumed)

    def note(self, transitions: Iterable[Transition]) -> None:
        """These are part of it."""
        for each in transitions:
            after = each.after
            if isinstance(after, Scheduled):
                terms = after.terms
                address = terms.queue, terms.kind, terms.payload_version
                count, first = self.due.get(address, (0, after.due))
                self.due[address] = count + 1, min(first, after.due)
            elif isinstance(after, Cancelling) and each.events:
                self.asked.append(after.token.runner)

    def note_database(self, transition: DatabaseTransition) -> None:
        """This is part of it."""
        self.resumed += transition.before.state.paused.keys() - transition.after.paused.keys()


def to_wake(concerns: Concerns, resting: Sequence[tuple[Listed, Rest]]) -> list[Listed]:
    """Who is woken: as many as have room for what is due before they would look, those that enrolled first."""
    left = {each.slot: rest.free for each, rest in resting if rest.free}
    woken: dict[int, Listed] = {}
    for address, (count, first) in concerns.due.items():
        missing = count
        for each, rest in resting:
            room = left.get(each.slot, 0)
            if missing and room and first <= rest.until and _runs(each.wanted, address):
                woken[each.slot] = each
                taken = min(room, missing)
                left[each.slot] = room - taken
                missing -= taken
    for each, rest in resting:
        if rest.free and not set(each.wanted.queues).isdisjoint(concerns.resumed):
            woken[each.slot] = each
    return list(woken.values())


def _runs(wanted: Wanted, address: _Address) -> bool:
    queue, kind, version = address
    return queue in wanted.queues and (kind, version) in wanted.kinds


def asked_of(concerns: Concerns, listed: Mapping[RunnerId, Listed]) -> list[Listed]:
    """Those who run what was cancelled."""
    return [listed[runner] for runner in dict.fromkeys(concerns.asked) if runner in listed]
