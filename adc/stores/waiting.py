"""Waiting: the jobs that wait, in lines, as the claim index of a database has them."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import groupby, islice
from typing import NamedTuple, final

from adc.core.ids import Xid
from adc.core.instants import Instant
from adc.core.states import Scheduled
from adc.core.transition import Snapshot
from adc.ports.store import Place, Wanted


class _Line(NamedTuple):
    """Jobs that wait together; a smaller rank goes first."""

    rank: int
    queue: str
    kind: str
    payload_version: int


class _Place(NamedTuple):
    """Where in its line a job stands."""

    due: Instant
    seq: int
    jid: Xid


@final
class Waiting:
    """Jobs in the state Scheduled; all others are passed over."""

    def __init__(self) -> None:
        self._lines: dict[_Line, list[_Place]] = {}

    def add(self, job: Snapshot) -> None:
        """It waits from now on."""
        if isinstance(job.state, Scheduled):
            insort(self._lines.setdefault(_line(job.state), []), _place(job, job.state))

    def remove(self, job: Snapshot) -> None:
        """It no longer waits."""
        if isinstance(job.state, Scheduled):
            line = self._lines[_line(job.state)]
            del line[bisect_left(line, _place(job, job.state))]

    def due(self, wanted: Wanted, by: Instant, limit: int) -> list[Xid]:
        """Those that are due by then: highest priority first, then earliest due, then first inserted."""
        lines = sorted(self._wanted(wanted))
        return [
            place.jid
            for _, same_rank in groupby(lines, key=lambda line: line.rank)
            for place in sorted(place for line in same_rank for place in self._due_in(line, by, limit))
        ][:limit]

    def ahead(self, queue: str, place: Place, by: Instant) -> int:
        """How many of a queue that are due by then are claimed before one in that place."""
        here = (-place.priority, place.due, place.seq)
        return sum(
            each.due <= by and (line.rank, each.due, each.seq) < here
            for line, places in self._lines.items()
            if line.queue == queue
            for each in places
        )

    def next_due(self, wanted: Wanted) -> Instant | None:
        """When the first one is or was due; None: none waits."""
        return min((self._lines[line][0].due for line in self._wanted(wanted)), default=None)

    def _wanted(self, wanted: Wanted) -> Iterator[_Line]:
        return (
            line
            for line, places in self._lines.items()
            if places and line.queue in wanted.queues and (line.kind, line.payload_version) in wanted.kinds
        )

    def _due_in(self, line: _Line, by: Instant, limit: int) -> Iterator[_Place]:
        return (place for place in islice(self._lines[line], limit) if place.due <= by)


def _line(state: Scheduled) -> _Line:
    terms = state.terms
    return _Line(-terms.priority, terms.queue, terms.kind, terms.payload_version)


def _place(job: Snapshot, state: Scheduled) -> _Place:
    return _Place(state.due, job.seq, job.jid)
