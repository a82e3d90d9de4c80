"""Checking: the open jobs that wouldn't run with an application's handlers, found before its code is deployed."""

from collections.abc import Iterator
from typing import Final, TypeAlias

from msgspec import Struct

from adc.codec.events import UnreadableEvent
from adc.core.ids import Xid
from adc.core.states import Absent, StateName
from adc.core.transition import Snapshot
from adc.handling.route import Routes
from adc.ports.store import Look, Store

PAGE: Final = 1_000
"""So many jobs are read at a time."""

OPEN: Final[tuple[StateName, ...]] = ("cancelling", "started", "scheduled")
"""The states of jobs that may run again, in this order: one that goes back to waiting meanwhile is met there."""


class Unrunnable(Struct, frozen=True):
    """A job that wouldn't run."""

    jid: Xid
    kind: str
    version: int
    """Of its payload."""
    state: StateName
    why: str


Checked: TypeAlias = Unrunnable | UnreadableEvent | None
"""Of one job: that it wouldn't run, that its log can't be read, or nothing to complain of."""


def check(store: Store, routes: Routes, states: tuple[StateName, ...] = OPEN) -> Iterator[Checked]:
    """What is to be said of each job in these states, one after another, while others go on with them."""
    for state in states:
        for job in _jobs(store, state):
            yield job if isinstance(job, UnreadableEvent) else _checked(store, routes, job, state)


def _checked(store: Store, routes: Routes, job: Snapshot, state: StateName) -> Unrunnable | None:
    assert not isinstance(job.state, Absent)
    kind, version = job.state.terms.kind, job.state.terms.payload_version
    route = routes.get((kind, version))
    if route is None:
        return Unrunnable(job.jid, kind, version, state, _no_handler(routes, kind))
    unreadable = route.unreadable(store.body(job.jid, 1))
    return None if unreadable is None else Unrunnable(job.jid, kind, version, state, str(unreadable))


def _no_handler(routes: Routes, kind: str) -> str:
    known = sorted(version for name, version in routes if name == kind)
    if not known:
        return "its kind has no handler"
    return f"its payload's version has no handler, only {', '.join(map(str, known))}"


def _jobs(store: Store, state: StateName) -> Iterator[Snapshot | UnreadableEvent]:
    """All jobs in a state. A page that one of them spoils is read job by job."""
    after: Xid | None = None
    limit = PAGE
    while True:
        try:
            found = store.look(Look(state, after=after, limit=limit))
        except UnreadableEvent as unreadable:
            if limit > 1:
                limit = 1
                continue
            yield unreadable
            after, limit = unreadable.jid, PAGE
            continue
        yield from found
        if not found:
            return
        after = found[-1].jid
