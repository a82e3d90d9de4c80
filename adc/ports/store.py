"""Store: few verbs, whose law is that the state of a job is the fold of its history, at every commit.

Inside a write transaction commands are carried out by `adc.shell`: load, decide, apply. `adc.testing.store_exam` is the
exam that every store passes.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from adc.codec.events import UnreadableEvent
from adc.core.commands import KeyHolder
from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant, Span
from adc.core.states import StateName
from adc.core.transition import Recorded, Snapshot, Transition


class Wanted(Struct, frozen=True):
    """Which jobs a runner can run: one of these queues, and one of these kinds in this payload version."""

    queues: tuple[str, ...]
    kinds: tuple[tuple[str, int], ...]


class Look(Struct, frozen=True):
    """Which jobs to show; None leaves a property open. They come in the order of insertion."""

    state: StateName | None = None
    kind: str | None = None
    queue: str | None = None
    due_before: Instant | None = None
    """Waiting jobs that are due before this moment."""
    after: Xid | None = None
    """The last job of the page before."""
    limit: int = 100


class Enrolment(Struct, frozen=True):
    """What a runner leaves in the store while it runs: how others know of it. It is outside the fold."""

    runner: RunnerId
    host: str
    pid: int
    boot_id: str
    """Which start of the machine; empty where the system doesn't say."""
    started_at: Instant
    lease: Span
    """How long the same sign of life may be seen before the runner counts as gone."""


class Writing(Protocol):
    """One write transaction."""

    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot | UnreadableEvent, ...]:
        """Waiting jobs that are due by then: highest priority first, then earliest due, then first inserted.

        A job that can't be read stands there as why; it doesn't count, and doesn't hide those behind it.
        """
        ...

    def load(self, jids: Sequence[Xid]) -> dict[Xid, Snapshot]:
        """The jobs as they are; one of which nothing is known is Absent."""
        ...

    def payloads(self, jids: Sequence[Xid]) -> Mapping[Xid, bytes]:
        """The payloads of jobs; a job whose payload was erased is missing."""
        ...

    def holder(self, kind: str, key: str) -> KeyHolder | None:
        """The job that has this key; None: the key is free."""
        ...

    def apply(self, transitions: Sequence[Transition]) -> None:
        """Append the events and write the states, of different jobs; raises VersionConflict if a job has moved on."""
        ...


class Store(Protocol):
    """A place that keeps jobs and their log."""

    def writing(self) -> AbstractContextManager[Writing]:
        """Begin a write transaction; leaving it commits, an exception undoes all of it."""
        ...

    def next_due(self, wanted: Wanted) -> Instant | None:
        """When the first waiting job is or was due; None: none waits.

        A read: it never waits for another process that writes.
        """
        ...

    def load(self, jids: Sequence[Xid]) -> dict[Xid, Snapshot]:
        """The same as in a transaction, as a read."""
        ...

    def history(self, jid: Xid) -> tuple[Recorded, ...]:
        """All events of a job, in order; empty: nothing is known of it."""
        ...

    def body(self, jid: Xid, version: int) -> bytes | None:
        """The bytes stored beside an event: a payload or a result; None: there are none."""
        ...

    def look(self, wanted: Look) -> tuple[Snapshot, ...]:
        """One page of jobs."""
        ...

    def counts(self) -> Mapping[StateName, int]:
        """How many jobs are in each state, zeros included."""
        ...

    def enrol(self, runner: Enrolment) -> None:
        """Note a runner that starts."""
        ...

    def resign(self, runner: RunnerId) -> None:
        """Forget a runner that ends."""
        ...

    def close(self) -> None:
        """Let go of the file; whoever uses the store afterwards gets StoreClosed."""
        ...
