"""What a store in memory keeps of one job: its snapshot, its log, and the bytes beside it; and a page of all logs."""

from collections.abc import Iterable, Mapping
from heapq import merge
from itertools import dropwhile, islice

from msgspec import Struct

from adc.core.database import AnyEvent
from adc.core.events import JobScheduled
from adc.core.terms import Terms
from adc.core.transition import Recorded, Snapshot


class Kept(Struct, frozen=True):
    """One job; `bodies` are by the versions of their events."""

    snapshot: Snapshot
    log: tuple[Recorded, ...]
    bodies: Mapping[int, bytes]

    @property
    def terms(self) -> Terms:
        """What was agreed when it was scheduled."""
        first = self.log[0].event
        assert isinstance(first, JobScheduled)
        return first.terms

    @property
    def key(self) -> tuple[str, str] | None:
        """Its kind and its key; None: it has no key."""
        terms = self.terms
        return None if terms.key is None else (terms.kind, terms.key)


def page(logs: Iterable[Iterable[Recorded[AnyEvent]]], after: int, limit: int) -> tuple[Recorded[AnyEvent], ...]:
    """So many events behind a place, of all logs together."""
    together = merge(*logs, key=lambda each: each.seq)
    return tuple(islice(dropwhile(lambda each: each.seq <= after, together), limit))
