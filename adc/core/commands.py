"""Commands: what can be asked of a job. The clock, the dice and facts from elsewhere arrive in them."""

from typing import Literal, TypeAlias

from msgspec import Struct

from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant, Span
from adc.core.terms import Body, Fault, Terms, Token

Verdict: TypeAlias = Literal["transient", "permanent", "undecodable"]
"""What a failure means: another attempt may help; none will; the payload can't be read."""


class KeyHolder(Struct, frozen=True, gc=False):
    """Who holds the key that a new job asks for."""

    jid: Xid
    payload_hash: str


class JobCommand(Struct, frozen=True, gc=False):
    """What all commands have: the job, and the moment by the clock of whoever asks."""

    jid: Xid
    at: Instant


class Schedule(JobCommand, frozen=True):
    """Store it, to run at `due` or later."""

    terms: Terms
    due: Instant
    holder: KeyHolder | None = None
    """The other job with the same kind and key; None: there is none."""


class Claim(JobCommand, frozen=True):
    """Give it to `runner`, if it is due by `due_by`."""

    runner: RunnerId
    due_by: Instant


class Complete(JobCommand, frozen=True):
    """The attempt is finished."""

    token: Token
    result: Body


class Fail(JobCommand, frozen=True):
    """The attempt went wrong."""

    token: Token
    fault: Fault
    verdict: Verdict = "transient"
    retry_in: Span | None = None
    """The delay that the handler asked for; None: the policy's."""
    noise: float = 0.0
    """The share of the policy's delay, drawn from [0, 1)."""


class Snooze(JobCommand, frozen=True):
    """The attempt wants to run again at `due`."""

    token: Token
    due: Instant


class Release(JobCommand, frozen=True):
    """The runner gives it back, through no fault of the job's."""

    token: Token
    why: str
    due: Instant


class Expire(JobCommand, frozen=True):
    """The attempt's runner is gone: `because` says how that was seen."""

    token: Token
    because: str


class Cancel(JobCommand, frozen=True):
    """Never run it; if it runs, ask for its end."""


class Reschedule(JobCommand, frozen=True):
    """Change when it is due, or its priority; None leaves it as it is."""

    due: Instant | None = None
    priority: int | None = None


class Redrive(JobCommand, frozen=True):
    """Give a dead letter a new life."""

    due: Instant


class Erase(JobCommand, frozen=True):
    """Remove the bytes of its payload and result."""

    is_erased: bool = False
    """Whether they are gone already."""


Command: TypeAlias = (
    Schedule | Claim | Complete | Fail | Snooze | Release | Expire | Cancel | Reschedule | Redrive | Erase
)
