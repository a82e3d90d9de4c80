"""Store: few verbs, whose law is that the state of a job is the fold of its history, at every commit.

Inside a write transaction commands are carried out by `adc.shell`: load, decide, apply. `adc.testing.store_exam` is the
exam that every store passes.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, final

from msgspec import Struct

from adc.codec.events import UnreadableEvent
from adc.core.commands import KeyHolder
from adc.core.database import AnyEvent, DatabaseEvent, DatabaseSnapshot, DatabaseTransition
from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant, Span
from adc.core.liveness import Sign
from adc.core.states import StateName
from adc.core.transition import Recorded, Snapshot, Transition
from adc.ports.signs import Rest
from adc.ports.wakeup import Wake


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


class Place(Struct, frozen=True):
    """Where a waiting job stands among those of its queue."""

    priority: int
    due: Instant
    seq: int


class Enrolment(Struct, frozen=True):
    """What a runner leaves in the store while it runs: how others know of it. It is outside the fold."""

    runner: RunnerId
    driver: str
    """Who runs its handlers."""
    wanted: Wanted
    """Which jobs it can run."""
    host: str
    pid: int
    boot_id: str
    """Which start of the machine; empty where the system doesn't say."""
    started_at: Instant
    lease: Span | None
    """How long the same beat may be seen before the runner counts as gone; None: it gives none, as it has no loop."""


class Enrolled(Struct, frozen=True):
    """A runner that is on the roll."""

    enrolment: Enrolment
    held: int
    """How many jobs it holds."""
    sign: Sign
    beat_at: Instant | None
    """When it gave its last beat, by the wall clock; None: that can't be seen."""


@final
class PruneCount(Struct, frozen=True):
    """What a prune took away, or would take."""

    jobs: int = 0
    events: int = 0
    left: int = 0
    """Jobs that are over, but stay, since their log doesn't prove it: `verify` tells what is wrong with them."""


class Writing(Protocol):
    """One write transaction."""

    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot | UnreadableEvent, ...]:
        """Waiting jobs that are due by then: highest priority first, then earliest due, then first inserted.

        None is of a queue that is paused. A job that can't be read stands there as why; it doesn't count, and doesn't
        hide those behind it.
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

    def sign(self, runner: RunnerId) -> Sign | None:
        """What can be seen of a runner now; None: it isn't on the roll."""
        ...

    def is_enrolled(self, runner: RunnerId) -> bool:
        """Whether a runner is on the roll. One that isn't must not claim: nobody would know that it is gone."""
        ...

    def held_by(self, runner: RunnerId, limit: int) -> tuple[Xid, ...]:
        """The jobs that a runner holds, as many as that at most."""
        ...

    def strike(self, runner: RunnerId) -> None:
        """Take a runner off the roll."""
        ...

    def apply(self, transitions: Sequence[Transition]) -> None:
        """Append the events and write the states, of different jobs; raises VersionConflict if a job has moved on."""
        ...

    def database(self) -> DatabaseSnapshot:
        """The database's own stream as it is."""
        ...

    def apply_database(self, transition: DatabaseTransition) -> None:
        """Append to the database's own stream, and write its state; raises VersionConflict if it has moved on."""
        ...


class Store(Protocol):
    """A place that keeps jobs and their log."""

    def writing(self) -> AbstractContextManager[Writing]:
        """Begin a write transaction; leaving it commits, an exception undoes all of it."""
        ...

    def refuse_nesting(self) -> None:
        """Raise a StoreTrouble if this thread is in a write transaction, or if this process may not begin one."""
        ...

    def next_due(self, wanted: Wanted) -> Instant | None:
        """When the first waiting job is or was due, of a queue that isn't paused; None: none waits.

        A read: it never waits for another process that writes.
        """
        ...

    def load(self, jids: Sequence[Xid]) -> dict[Xid, Snapshot]:
        """The same as in a transaction, as a read."""
        ...

    def history(self, jid: Xid) -> tuple[Recorded, ...]:
        """All events of a job, in order; empty: nothing is known of it."""
        ...

    def events(self, after: int, limit: int) -> tuple[Recorded[AnyEvent] | UnreadableEvent, ...]:
        """A page of the whole log: so many events behind that place, in order; one that can't be read stands as why.

        Places are given where the lock is held. So whoever has read up to one never misses an event before it, and the
        places follow one another, except where events were pruned.
        """
        ...

    def last_seq(self) -> int:
        """The place of the latest event that was ever appended, be it pruned; 0: there was none."""
        ...

    def database_history(self) -> tuple[Recorded[DatabaseEvent], ...]:
        """All events of the database's own stream, in order. Their jid is DATABASE, which no job has."""
        ...

    def ahead(self, queue: str, place: Place, by: Instant, limit: int) -> int:
        """How many due jobs of a queue are claimed before one in that place; at most `limit` are counted."""
        ...

    def paused(self) -> Mapping[str, Instant]:
        """The queues that are paused, and since when."""
        ...

    def history_or_why(self, jid: Xid) -> tuple[Recorded[AnyEvent] | UnreadableEvent, ...]:
        """All events of a job, or of DATABASE, in order; one that can't be read stands as why, with what is stored."""
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

    def prunable(self, done_before: Instant) -> PruneCount:
        """What `prune` would take."""
        ...

    def prune(self, done_before: Instant, *, at: Instant, actor: str, cause: str | None) -> PruneCount:
        """Take the events of jobs that were done or cancelled before then out of the log, in short transactions.

        In each of them the database's own stream gets an event that says how many. No other job is touched.
        """
        ...

    def scrub(self) -> bool:
        """Let nothing that was removed be readable on the disk; False: others still read how it was before."""
        ...

    def enrol(self, runner: Enrolment) -> None:
        """Put a runner on the roll, and begin its signs of life; again, if it was struck off."""
        ...

    def listen(self, runner: RunnerId, wake: Wake) -> None:
        """Wake a runner that way when a commit made something due that it has room for, or asked something of it.

        From its enrolment on, and until it resigns or is let go. Nothing depends on it.
        """
        ...

    def is_heard(self, runner: RunnerId) -> bool:
        """Whether other processes can wake a runner that listens, too: if not, it should look more often."""
        ...

    def rest(self, runner: RunnerId, rest: Rest) -> None:
        """Let whoever commits see whether a runner rests: it says so, and then looks what is due."""
        ...

    def beat(self, runner: RunnerId, at: Instant) -> bool:
        """Give a sign of life, which is no transaction; whether others can still see it: if not, enrol again."""
        ...

    def resign(self, runner: RunnerId) -> None:
        """Take a runner off the roll that ends; if it holds jobs, it stays there as one that is gone."""
        ...

    def let_go(self, runner: RunnerId) -> None:
        """End a runner's signs of life, and write nothing: others find that it is gone."""
        ...

    def signs(self) -> Mapping[RunnerId, Sign | None]:
        """What can be seen of each runner; None: it holds jobs, but isn't on the roll."""
        ...

    def roll(self) -> tuple[Enrolled, ...]:
        """All runners, in the order in which they enrolled."""
        ...

    def wal_bytes(self) -> int:
        """How long the log of commits is that isn't in the file yet; 0: there is none. It costs next to nothing."""
        ...

    def holding(self, runner: RunnerId) -> Mapping[Xid, bool]:
        """The jobs that a runner holds, and whether each was cancelled."""
        ...

    def close(self) -> None:
        """Let go of the file; whoever uses the store afterwards gets StoreClosed."""
        ...
