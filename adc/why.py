"""Why: the reasons that `explain` gives for what a job does, or doesn't do. One class each, for `match`."""

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from adc.core.ids import Xid
from adc.core.liveness import Because
from adc.core.states import Reason
from adc.core.terms import Fault


class NotKnown(Struct, frozen=True):
    """Nothing is known of this id."""

    jid: Xid


class NotYetDue(Struct, frozen=True):
    """It waits for its time."""

    due: datetime


class WaitsForRetry(Struct, frozen=True):
    """Its last attempt failed, and the next one waits for its time."""

    due: datetime
    retry: int
    """Which retry it waits for, 1-based."""
    max_retries: int
    fault: Fault


class QueueIsPaused(Struct, frozen=True):
    """Nothing is claimed from its queue until that is resumed."""

    queue: str
    since: datetime


class NoRunner(Struct, frozen=True):
    """No runner lives at all."""


class NoRunnerForQueue(Struct, frozen=True):
    """Runners live, but none serves its queue."""

    queue: str


class NoRunnerForKind(Struct, frozen=True):
    """Runners serve its queue, but none has a handler for its kind."""

    kind: str


class NoRunnerForVersion(Struct, frozen=True):
    """Runners have handlers for its kind, but for other versions of its payload."""

    kind: str
    payload_version: int
    handled: tuple[int, ...]
    """The versions that they have handlers for."""


class MustRunAlone(Struct, frozen=True):
    """Runners died with it: it waits for one that has nothing else to run, for itself alone."""

    crashes: int
    max_crashes: int


class Behind(Struct, frozen=True):
    """Other jobs of its queue come first, by priority or because they are due for longer."""

    jobs: int
    """How many; at most FARTHEST are counted."""
    are_many: bool
    """Whether there are more than that."""


class NextInTurn(Struct, frozen=True):
    """Nothing stands in its way: a runner takes it when it has a free place, within its poll interval."""


class IsHeld(Struct, frozen=True):
    """A runner runs it."""

    runner: str
    since: datetime
    beat_at: datetime | None
    """The last sign of life of that runner; None: it gives none that can be seen."""
    gone: Because | Literal["unlisted"] | None
    """Why the runner counts as gone: others give its job back within seconds, if any lives; None: it lives."""


class IsBeingCancelled(Struct, frozen=True):
    """It was cancelled while it ran: its handler was asked to end, and no other attempt follows."""

    actor: str
    """Who asked."""
    at: datetime


class WasCancelled(Struct, frozen=True):
    """It was cancelled, and won't run."""

    actor: str
    """Who asked."""
    at: datetime


class IsDead(Struct, frozen=True):
    """It is a dead letter, and won't run unless it is redriven."""

    reason: Reason
    at: datetime
    fault: Fault | None
    """What went wrong last; None: nobody lived to say."""


class IsDone(Struct, frozen=True):
    """It was completed, and won't run again."""

    at: datetime
    attempt: int


class RanAgain(Struct, frozen=True):
    """Why another attempt followed this one."""

    attempt: int
    how: Literal["failed", "snoozed", "released", "crashed", "redriven"]
    because: str
    """What went wrong, or who gave it back and why; empty where `how` says it all."""


Why: TypeAlias = (
    NotKnown
    | NotYetDue
    | WaitsForRetry
    | QueueIsPaused
    | NoRunner
    | NoRunnerForQueue
    | NoRunnerForKind
    | NoRunnerForVersion
    | MustRunAlone
    | Behind
    | NextInTurn
    | IsHeld
    | IsBeingCancelled
    | WasCancelled
    | IsDead
    | IsDone
    | RanAgain
)
