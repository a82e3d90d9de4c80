"""Which refusals each verb can answer with, as exact unions, and the exception of the one verb that raises."""

from typing import TypeAlias

from typing_extensions import override

from adc.core.ids import Xid
from adc.core.refusals import (
    JidTaken,
    KeyTaken,
    LeaseLost,
    NotDue,
    NotFound,
    Refusal,
    Undecodable,
    WrongKind,
    WrongState,
)

ScheduleRefused: TypeAlias = KeyTaken | JidTaken
CancelRefused: TypeAlias = NotFound | WrongState
RedriveRefused: TypeAlias = NotFound | WrongState
EraseRefused: TypeAlias = NotFound | WrongState
UnscheduleRefused: TypeAlias = NotFound | WrongState | WrongKind | Undecodable


class Refused(Exception):
    """What `schedule` raises, since a dropped value would lose the job in silence. Nothing was stored."""

    def __init__(self, jid: Xid, refusal: ScheduleRefused) -> None:
        super().__init__(jid, refusal)
        self.jid = jid
        self.refusal = refusal

    @override
    def __str__(self) -> str:
        return f"job {self.jid} was not scheduled: {_why(self.refusal)}"


def _why(refusal: ScheduleRefused) -> str:
    match refusal:
        case KeyTaken(key, holder):
            return f"the key {key!r} belongs to job {holder}, which has another payload"
        case JidTaken():
            return "a job with this id has another payload"


def schedule_refused(refusal: Refusal) -> ScheduleRefused:
    """The refusal, as one of those that Schedule can have."""
    match refusal:
        case KeyTaken() | JidTaken():
            return refusal
        case NotFound() | WrongState() | NotDue() | LeaseLost():
            raise AssertionError(f"Schedule can't be refused with {refusal}")


def change_refused(refusal: Refusal) -> NotFound | WrongState:
    """The refusal, as one of those that Cancel, Reschedule, Redrive and Erase can have."""
    match refusal:
        case NotFound() | WrongState():
            return refusal
        case KeyTaken() | JidTaken() | NotDue() | LeaseLost():
            raise AssertionError(f"a job's change can't be refused with {refusal}")


def report_refused(refusal: Refusal) -> LeaseLost:
    """The refusal, as the one that a report on an attempt can have."""
    match refusal:
        case LeaseLost():
            return refusal
        case KeyTaken() | JidTaken() | NotDue() | NotFound() | WrongState():
            raise AssertionError(f"a report can't be refused with {refusal}")
