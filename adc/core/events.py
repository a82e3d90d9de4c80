"""Events: what happened to a job, as it is stored. A class's name is the stored type; nothing here is ever renamed."""

from typing import Literal, TypeAlias

from msgspec import Struct

from adc.core.ids import RunnerId
from adc.core.instants import Instant
from adc.core.states import Reason
from adc.core.terms import NOTHING, Body, Fault, Terms

How: TypeAlias = Literal["waiting", "failed", "snoozed", "released", "crashed", "dead"]
"""What a job was doing when it was cancelled: it waited, it was dead, or how its last attempt ended."""


class Fact(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """What all events have: the moment, by the clock of whoever asked."""

    at: Instant


class JobScheduled(Fact, frozen=True):
    """It was stored, to run at `due` or later."""

    terms: Terms
    due: Instant


class JobStarted(Fact, frozen=True):
    """A runner claimed it: attempt `attempt` began."""

    attempt: int
    runner: RunnerId


class JobDone(Fact, frozen=True):
    """The attempt completed it."""

    attempt: int
    result: Body = NOTHING


class JobRetried(Fact, frozen=True):
    """The attempt failed; another follows at `due`."""

    attempt: int
    fault: Fault
    due: Instant


class JobDied(Fact, frozen=True):
    """It became a dead letter."""

    attempt: int
    reason: Reason
    fault: Fault | None = None
    """None for poison: nobody lived to say."""


class JobSnoozed(Fact, frozen=True):
    """The attempt asked to run again later; it isn't counted as a failure."""

    attempt: int
    due: Instant


class JobReleased(Fact, frozen=True):
    """The runner gave it back unharmed, as at a shutdown."""

    attempt: int
    why: str
    due: Instant


class JobCrashed(Fact, frozen=True):
    """The attempt's runner is gone."""

    attempt: int
    because: str
    due: Instant | None = None
    """When it runs again; None: it won't, and the next event says why."""


class CancelAsked(Fact, frozen=True):
    """It was cancelled while an attempt ran: whatever comes of that one, no other follows."""


class JobCancelled(Fact, frozen=True):
    """It won't run any more."""

    how: How
    fault: Fault | None = None
    """What went wrong in the last attempt; None unless `how` is failed."""


class JobRescheduled(Fact, frozen=True):
    """Its due time or priority was changed while it waited."""

    due: Instant
    priority: int


class JobRedriven(Fact, frozen=True):
    """A dead letter got a new life, with a fresh budget of retries."""

    due: Instant


class PayloadErased(Fact, frozen=True):
    """The bytes of its payload and result were removed; hashes and sizes stay."""


Event: TypeAlias = (
    JobScheduled
    | JobStarted
    | JobDone
    | JobRetried
    | JobDied
    | JobSnoozed
    | JobReleased
    | JobCrashed
    | CancelAsked
    | JobCancelled
    | JobRescheduled
    | JobRedriven
    | PayloadErased
)
