"""Transition: the immutable order to a store, which adds nothing to it and leaves nothing out."""

from typing import Generic

from msgspec import Struct
from typing_extensions import TypeVar

from adc.core.commands import Command
from adc.core.database import AnyEvent
from adc.core.decide import decide
from adc.core.events import Event
from adc.core.evolve import evolve
from adc.core.ids import Xid
from adc.core.outcome import Outcome, Success
from adc.core.refusals import Refusal
from adc.core.states import Absent, JobState

What_co = TypeVar("What_co", bound=AnyEvent, covariant=True, default=Event)


class Snapshot(Struct, frozen=True, gc=False):
    """A job as a store has it: the fold so far, and where its log stands."""

    jid: Xid
    state: JobState
    seq: int
    """The sequence number of its first event, which orders jobs by insertion; 0: it has none."""
    version: int
    """How many events it has."""
    head: bytes
    """The digest of its last event; empty: it has none."""

    @classmethod
    def absent(cls, jid: Xid) -> "Snapshot":
        """A job of which nothing is known."""
        return cls(jid, Absent(), 0, 0, b"")


class Asked(Struct, frozen=True, gc=False):
    """A command with who asks: what a transition is made of."""

    command: Command
    actor: str
    """Which runner, command line or caller."""
    cause: str | None = None
    """What made them ask: `job:<jid>#<version>` or `request:<text>`; None: nothing that adc knows of."""
    body: bytes | None = None
    """The payload that Schedule stores, or the result of Complete; None for all others."""


class Recorded(Struct, Generic[What_co], frozen=True, gc=False):
    """An event as the log has it; of a job, unless it says otherwise."""

    seq: int
    jid: Xid
    version: int
    """Its place among the events of its job, or of the database; 1-based."""
    actor: str
    cause: str | None
    digest: bytes
    event: What_co


class Transition(Struct, frozen=True, gc=False):
    """If the job is still at `before.version`: append these events, and write this state."""

    before: Snapshot
    events: tuple[Event, ...]
    after: JobState
    actor: str
    cause: str | None
    body: bytes | None
    """Stored beside the first event."""


def transition(before: Snapshot, asked: Asked) -> Outcome[Transition, Refusal]:
    """What a command makes of a job as it is recorded."""
    assert asked.command.jid == before.jid
    decision = decide(asked.command, before.state)
    if not isinstance(decision, Success):  # for each job: a match takes three times as long
        return decision
    events, after = decision.unwrap(), before.state
    for event in events:
        after = evolve(after, event)
    return Success(Transition(before, events, after, asked.actor, asked.cause, asked.body if events else None))
