"""The database's own stream: what happened to none of its jobs but to the database, such as a queue that was paused.

It is in the same log, under the id DATABASE; it has commands, events and a state of its own, apart from those of jobs.
As those of jobs, the names of its events are stored, and never renamed.
"""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from adc.core.events import Event, Fact
from adc.core.instants import Instant

# Events


class QueuePaused(Fact, frozen=True):
    """From then on no job of the queue is claimed; those that run go on."""

    queue: str


class QueueResumed(Fact, frozen=True):
    """Jobs of the queue are claimed again."""

    queue: str


class Pruned(Fact, frozen=True):
    """So many events, the whole histories of jobs that were over, are no longer in the log."""

    jobs: int
    events: int
    done_before: Instant
    """The jobs had been done or cancelled before it."""
    archive: str | None = None
    """The name of the file that has them now; None: they are gone."""


DatabaseEvent: TypeAlias = QueuePaused | QueueResumed | Pruned
AnyEvent: TypeAlias = Event | DatabaseEvent
"""What stands in the log: of a job, or of the database."""

# Commands


class Pause(Struct, frozen=True):
    """Claim nothing from the queue."""

    at: Instant
    queue: str


class Resume(Struct, frozen=True):
    """Claim from the queue again."""

    at: Instant
    queue: str


class Prune(Struct, frozen=True):
    """Take so many events, of so many jobs, out of the log: the store does it in the same transaction."""

    at: Instant
    jobs: int
    events: int
    done_before: Instant
    archive: str | None = None


DatabaseCommand: TypeAlias = Pause | Resume | Prune

# The state


class DatabaseState(Struct, frozen=True):
    """What the stream's events lead to."""

    paused: Mapping[str, Instant] = {}
    """The queues that are paused, and since when."""
    pruned: int = 0
    """How many events were pruned: with those that there are, as many as numbers were given."""


class DatabaseSnapshot(Struct, frozen=True):
    """The fold so far, and where the stream stands."""

    state: DatabaseState = DatabaseState()
    version: int = 0
    """How many events it has."""
    head: bytes = b""
    """The digest of its last event; empty: it has none."""


class DatabaseTransition(Struct, frozen=True):
    """If the stream is still at `before.version`: append these events, and write this state."""

    before: DatabaseSnapshot
    events: tuple[DatabaseEvent, ...]
    after: DatabaseState
    actor: str
    cause: str | None
