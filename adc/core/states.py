"""States: one class each, and a field only where it has a meaning."""

from typing import Literal, TypeAlias, assert_never

from msgspec import Struct

from adc.core.instants import Instant
from adc.core.terms import Tally, Terms, Token

Reason: TypeAlias = Literal["RetriesUsedUp", "Permanent", "Undecodable", "Poison"]
"""Why a job is dead: no retry is left; the failure was final; its payload can't be read; it kills its runners."""


class Absent(Struct, frozen=True, gc=False):
    """Nothing is known of the job: where every history starts."""


class Scheduled(Struct, frozen=True, gc=False):
    """It waits, until `due` at least."""

    terms: Terms
    tally: Tally
    due: Instant


class Started(Struct, frozen=True, gc=False):
    """A runner holds it."""

    terms: Terms
    tally: Tally
    token: Token
    since: Instant


class Cancelling(Struct, frozen=True, gc=False):
    """A runner holds it, and it was cancelled: unless this attempt completes it, it is at its end."""

    terms: Terms
    tally: Tally
    token: Token
    since: Instant
    asked_at: Instant


class Done(Struct, frozen=True, gc=False):
    """It was completed, by the attempt of `token`."""

    terms: Terms
    tally: Tally
    token: Token
    at: Instant


class Dead(Struct, frozen=True, gc=False):
    """A dead letter: it won't run again unless it is redriven."""

    terms: Terms
    tally: Tally
    reason: Reason
    at: Instant


class Cancelled(Struct, frozen=True, gc=False):
    """It was asked not to run, and won't."""

    terms: Terms
    tally: Tally
    at: Instant


JobState: TypeAlias = Absent | Scheduled | Started | Cancelling | Done | Dead | Cancelled


def over_before(state: JobState, moment: Instant) -> bool:
    """Whether the job was done or cancelled before then: only such a one can be pruned."""
    return isinstance(state, Done | Cancelled) and state.at < moment


StateName: TypeAlias = Literal["scheduled", "started", "cancelling", "done", "dead", "cancelled"]
"""What people read; a job that is absent has no name to show."""


def state_name(state: Scheduled | Started | Cancelling | Done | Dead | Cancelled) -> StateName:
    """The state's name for people."""
    match state:
        case Scheduled():
            return "scheduled"
        case Started():
            return "started"
        case Cancelling():
            return "cancelling"
        case Done():
            return "done"
        case Dead():
            return "dead"
        case Cancelled():
            return "cancelled"
        case _:
            assert_never(state)
