"""Waking: whom a commit concerns, of the runners that rest: those that have room for what it made due, and no more."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias, final

from msgspec import Struct

from adc.core.database import DatabaseTransition
from adc.core.ids import RunnerId
from adc.core.instants import Instant
from adc.core.states import Cancelling, Scheduled
from adc.core.transition import Transition
from adc.ports.signs import Rest
from adc.ports.store import Wanted
from adc.ports.wakeup import News

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

    __slots__ = ("asked", "at", "due", "resumed")

    def __init__(self) -> None:
        self.due: dict[_Address, tuple[int, Instant]] = {}
        """How many waiting jobs, and when the first of them is due."""
        self.at: Instant = Instant(0)
        """When the last of it happened."""
        self.asked: set[RunnerId] = set()
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
                if each.events:
                    self.at = each.events[-1].at
            elif isinstance(after, Cancelling) and each.events:
                self.asked.add(after.token.runner)

    def note_database(self, transition: DatabaseTransition) -> None:
        """This is part of it."""
        self.resumed += transition.before.state.paused.keys() - transition.after.paused.keys()


def to_wake(concerns: Concerns, listed: Mapping[int, Listed], resting: Mapping[int, Rest]) -> dict[int, News]:
    """The slots of those who are woken: as many as have room for what is due before they would look by themselves."""
    if not resting:
        return {}
    left = {slot: rest.free for slot, rest in resting.items()}
    woken: dict[int, News] = {}
    for address, (count, first) in concerns.due.items():
        missing = count
        for slot, rest in resting.items():
            if not missing:
                break
            if left[slot] and first <= rest.until and _runs(listed[slot].wanted, address):
                woken[slot] = "due" if first <= concerns.at else woken.get(slot, "soon")
                taken = min(left[slot], missing)
                left[slot] -= taken
                missing -= taken
    if concerns.resumed:
        for slot in resting:
            if not set(listed[slot].wanted.queues).isdisjoint(concerns.resumed):
                woken.setdefault(slot, "soon")
    return woken


def asked_of(concerns: Concerns, listed: Iterable[Listed]) -> list[int]:
    """The slots of those who run what was cancelled."""
    return [each.slot for each in listed if each.runner in concerns.asked]


def _runs(wanted: Wanted, address: _Address) -> bool:
    queue, kind, version = address
    return queue in wanted.queues and (kind, version) in wanted.kinds
