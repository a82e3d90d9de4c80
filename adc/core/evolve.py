"""evolve and fold: the state that events lead to. No rules, only bookkeeping: whatever was decided is in the event."""

from collections.abc import Iterable
from typing import assert_never

from msgspec.structs import replace
from typing_extensions import override

from adc.core.database import AnyEvent, DatabaseState
from adc.core.events import (
    CancelAsked,
    Event,
    JobCancelled,
    JobCrashed,
    JobDied,
    JobDone,
    JobRedriven,
    JobReleased,
    JobRescheduled,
    JobRetried,
    JobScheduled,
    JobSnoozed,
    JobStarted,
    PayloadErased,
)
from adc.core.states import Absent, Cancelled, Cancelling, Dead, Done, JobState, Scheduled, Started
from adc.core.terms import Tally, Token


class ImpossibleHistory(Exception):
    """An event can't follow the state before it: the log was damaged, or adc has a bug. Nothing was changed."""

    def __init__(self, event: AnyEvent, state: JobState | DatabaseState) -> None:
        super().__init__(event, state)
        self.event = event
        self.state = state

    @override
    def __str__(self) -> str:
        names = f"{type(self.event).__name__} can't follow {type(self.state).__name__}"
        return f"{names}: {self.event} after {self.state}"


def fold(events: Iterable[Event]) -> JobState:
    """The state after all of the events, from nothing."""
    state: JobState = Absent()
    for event in events:
        state = evolve(state, event)
    return state


def evolve(state: JobState, event: Event) -> JobState:
    """The state after one event; raises ImpossibleHistory for one that can't happen in it."""
    match event:
        case JobScheduled():
            return _schedule(state, event)
        case JobStarted():
            return _start(state, event)
        case JobDone() | JobRetried() | JobSnoozed() | JobReleased() | JobCrashed():
            return _end_attempt(state, event)
        case JobDied():
            return _die(state, event)
        case CancelAsked():
            return _ask(state, event)
        case JobCancelled():
            return _cancel(state, event)
        case JobRescheduled():
            return _reschedule(state, event)
        case JobRedriven():
            return _redrive(state, event)
        case PayloadErased():
            return _erase(state, event)
        case _:
            assert_never(event)


def _schedule(state: JobState, event: JobScheduled) -> JobState:
    match state:
        case Absent():
            return Scheduled(event.terms, Tally(), event.due)
        case _:
            raise ImpossibleHistory(event, state)


def _start(state: JobState, event: JobStarted) -> JobState:
    match state:
        case Scheduled() if event.attempt == state.tally.attempt + 1:
            counted = Tally(event.attempt, state.tally.retries, state.tally.crashes)
            return Started(state.terms, counted, Token(event.attempt, event.runner), event.at)
        case _:
            raise ImpossibleHistory(event, state)


def _end_attempt(state: JobState, event: JobDone | JobRetried | JobSnoozed | JobReleased | JobCrashed) -> JobState:
    match state:
        case Started() if state.token.attempt == event.attempt:
            return _ended(state, event)
        case Cancelling(terms, tally, token) if token.attempt == event.attempt:
            match event:
                case JobDone():
                    return Done(terms, tally, token, event.at)
                case JobCrashed(due=None):
                    return replace(state, tally=_crashed(tally))
                case _:
                    raise ImpossibleHistory(event, state)
        case _:
            raise ImpossibleHistory(event, state)


def _ended(state: Started, event: JobDone | JobRetried | JobSnoozed | JobReleased | JobCrashed) -> JobState:
    terms, tally = state.terms, state.tally
    match event:
        case JobDone():
            return Done(terms, tally, state.token, event.at)
        case JobRetried():
            return Scheduled(terms, Tally(tally.attempt, tally.retries + 1, tally.crashes), event.due)
        case JobSnoozed() | JobReleased():
            return Scheduled(terms, tally, event.due)
        case JobCrashed(due=due):
            crashed = _crashed(tally)
            # Without a due time the attempt still holds the job, and the next event says what became of it.
            return replace(state, tally=crashed) if due is None else Scheduled(terms, crashed, due)
        case _:
            assert_never(event)


def _crashed(tally: Tally) -> Tally:
    return Tally(tally.attempt, tally.retries, tally.crashes + 1)


def _die(state: JobState, event: JobDied) -> JobState:
    match state:
        case Started(terms, tally, token) if token.attempt == event.attempt:
            return Dead(terms, tally, event.reason, event.at)
        case _:
            raise ImpossibleHistory(event, state)


def _ask(state: JobState, event: CancelAsked) -> JobState:
    match state:
        case Started(terms, tally, token, since):
            return Cancelling(terms, tally, token, since, event.at)
        case _:
            raise ImpossibleHistory(event, state)


def _cancel(state: JobState, event: JobCancelled) -> JobState:
    match state:
        case Scheduled(terms, tally) | Cancelling(terms, tally) | Dead(terms, tally):
            return Cancelled(terms, tally, event.at)
        case _:
            raise ImpossibleHistory(event, state)


def _reschedule(state: JobState, event: JobRescheduled) -> JobState:
    match state:
        case Scheduled(terms, tally):
            return Scheduled(replace(terms, priority=event.priority), tally, event.due)
        case _:
            raise ImpossibleHistory(event, state)


def _redrive(state: JobState, event: JobRedriven) -> JobState:
    match state:
        case Dead(terms, tally):
            return Scheduled(terms, Tally(attempt=tally.attempt), event.due)
        case _:
            raise ImpossibleHistory(event, state)


def _erase(state: JobState, event: PayloadErased) -> JobState:
    match state:
        case Done() | Dead() | Cancelled():
            return state
        case _:
            raise ImpossibleHistory(event, state)
