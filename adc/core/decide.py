"""decide: the events that a command causes in a state, or the refusal. All rules of adc are in this file.

The command is matched first, then every state by name, so that a new state breaks mypy wherever somebody has to think
about it. An empty tuple means: already so. `docs/architecture.md` has this as a table, made from this code.
"""

from typing import TypeAlias, assert_never

from adc.core.commands import (
    Cancel,
    Claim,
    Command,
    Complete,
    Erase,
    Expire,
    Fail,
    Redrive,
    Release,
    Reschedule,
    Schedule,
    Snooze,
)
from adc.core.events import (
    CancelAsked,
    Event,
    How,
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
from adc.core.ids import DATABASE
from adc.core.instants import soon
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import JidTaken, KeyTaken, LeaseLost, NotDue, NotFound, Refusal, WrongState
from adc.core.retry import backoff
from adc.core.states import (
    Absent,
    Cancelled,
    Cancelling,
    Dead,
    Done,
    JobState,
    Reason,
    Scheduled,
    Started,
    state_name,
)

Decision: TypeAlias = Outcome[tuple[Event, ...], Refusal]
Report: TypeAlias = Complete | Fail | Snooze | Release | Expire
"""What is said of a running attempt: all of them carry its token."""

ALREADY_SO: Decision = Success(())


def decide(command: Command, state: JobState) -> Decision:
    """The events that happen, in order; or why not."""
    match command:
        case Schedule():
            return _schedule(command, state)
        case Claim():
            return _claim(command, state)
        case Complete() | Fail() | Snooze() | Release() | Expire():
            return _report(command, state)
        case Cancel():
            return _cancel(command, state)
        case Reschedule():
            return _reschedule(command, state)
        case Redrive():
            return _redrive(command, state)
        case Erase():
            return _erase(command, state)
        case _:
            assert_never(command)


def _schedule(command: Schedule, state: JobState) -> Decision:
    match state:
        case Absent() if command.jid == DATABASE:
            return Failure(JidTaken(command.jid))
        case Absent():
            return _schedule_new(command)
        case Scheduled() | Started() | Cancelling() | Done() | Dead() | Cancelled():
            same = state.terms.payload.hash == command.terms.payload.hash
            return ALREADY_SO if same else Failure(JidTaken(command.jid))
        case _:
            assert_never(state)


def _schedule_new(command: Schedule) -> Decision:
    holder, key = command.holder, command.terms.key
    if holder is None or key is None:
        return Success((JobScheduled(command.at, command.terms, command.due),))
    same = holder.payload_hash == command.terms.payload.hash
    return ALREADY_SO if same else Failure(KeyTaken(key, holder.jid))


def _claim(command: Claim, state: JobState) -> Decision:
    match state:
        case Absent():
            return Failure(NotFound(command.jid))
        case Scheduled() if state.due <= command.due_by:
            return Success((JobStarted(command.at, state.tally.attempt + 1, command.runner),))
        case Scheduled():
            return Failure(NotDue(command.jid, state.due))
        case Started() | Cancelling() | Done() | Dead() | Cancelled():
            return Failure(WrongState(command.jid, state_name(state)))
        case _:
            assert_never(state)


def _report(command: Report, state: JobState) -> Decision:
    """Fencing: only the attempt that holds the job is heard."""
    match state:
        case Absent():
            return Failure(NotFound(command.jid))
        case Started() if state.token == command.token:
            return Success(_ended(command, state))
        case Cancelling() if state.token == command.token:
            return Success(_ended_while_cancelling(command))
        case Done() if isinstance(command, Complete) and state.token == command.token:
            return ALREADY_SO  # a completion that was applied, and reported again after an unknown outcome
        case Started() | Cancelling() | Done() | Scheduled() | Dead() | Cancelled():
            return Failure(LeaseLost(command.jid, command.token.attempt))
        case _:
            assert_never(state)


def _ended(command: Report, state: Started) -> tuple[Event, ...]:
    at, attempt = command.at, command.token.attempt
    match command:
        case Complete():
            return (JobDone(at, attempt, command.result),)
        case Fail():
            return (_failed(command, state),)
        case Snooze():
            return (JobSnoozed(at, attempt, command.due),)
        case Release():
            return (JobReleased(at, attempt, command.why, command.due),)
        case Expire() if _is_poison(state):
            return (JobCrashed(at, attempt, command.because), JobDied(at, attempt, "Poison"))
        case Expire():
            return (JobCrashed(at, attempt, command.because, due=at),)
        case _:
            assert_never(command)


def _failed(command: Fail, state: Started) -> JobRetried | JobDied:
    at, attempt, retry = command.at, command.token.attempt, state.terms.retry
    final = _final(command, state)
    if final is not None:
        return JobDied(at, attempt, final, command.fault)
    delay = command.retry_in
    if delay is None:
        delay = backoff(retry, retries=state.tally.retries, noise=command.noise)
    return JobRetried(at, attempt, command.fault, soon(at, delay))


def _final(command: Fail, state: Started) -> Reason | None:
    """Why no other attempt follows; None: one does."""
    retry = state.terms.retry
    match command.verdict:
        case "undecodable":
            return "Undecodable"
        case "permanent":
            return "Permanent"
        case "transient" if not set(retry.give_up_on).isdisjoint(command.fault.names):
            return "Permanent"
        case "transient":
            return "RetriesUsedUp" if state.tally.retries >= retry.max_retries else None
        case _:
            assert_never(command.verdict)


def _is_poison(state: Started) -> bool:
    return state.tally.crashes + 1 >= state.terms.max_crashes


def _ended_while_cancelling(command: Report) -> tuple[Event, ...]:
    """Done first is done; any other end of the attempt is the end of the job."""
    at, attempt = command.at, command.token.attempt
    how: How
    match command:
        case Complete():
            return (JobDone(at, attempt, command.result),)
        case Fail():
            return (JobCancelled(at, "failed", command.fault),)
        case Expire():
            return (JobCrashed(at, attempt, command.because), JobCancelled(at, "crashed"))
        case Snooze():
            how = "snoozed"
        case Release():
            how = "released"
        case _:
            assert_never(command)
    return (JobCancelled(at, how),)


def _cancel(command: Cancel, state: JobState) -> Decision:
    match state:
        case Absent():
            return Failure(NotFound(command.jid))
        case Scheduled():
            return Success((JobCancelled(command.at, "waiting"),))
        case Started():
            return Success((CancelAsked(command.at),))
        case Cancelling() | Cancelled():
            return ALREADY_SO
        case Dead():
            return Success((JobCancelled(command.at, "dead"),))
        case Done():
            return Failure(WrongState(command.jid, state_name(state)))
        case _:
            assert_never(state)


def _reschedule(command: Reschedule, state: JobState) -> Decision:
    match state:
        case Absent():
            return Failure(NotFound(command.jid))
        case Scheduled():
            due = state.due if command.due is None else command.due
            priority = state.terms.priority if command.priority is None else command.priority
            if (due, priority) == (state.due, state.terms.priority):
                return ALREADY_SO
            return Success((JobRescheduled(command.at, due, priority),))
        case Started() | Cancelling() | Done() | Dead() | Cancelled():
            return Failure(WrongState(command.jid, state_name(state)))
        case _:
            assert_never(state)


def _redrive(command: Redrive, state: JobState) -> Decision:
    match state:
        case Absent():
            return Failure(NotFound(command.jid))
        case Dead():
            return Success((JobRedriven(command.at, command.due),))
        case Scheduled() | Started() | Cancelling() | Done() | Cancelled():
            return Failure(WrongState(command.jid, state_name(state)))
        case _:
            assert_never(state)


def _erase(command: Erase, state: JobState) -> Decision:
    match state:
        case Absent():
            return Failure(NotFound(command.jid))
        case Done() | Dead() | Cancelled():
            return ALREADY_SO if command.is_erased else Success((PayloadErased(command.at),))
        case Scheduled() | Started() | Cancelling():
            return Failure(WrongState(command.jid, state_name(state)))
        case _:
            assert_never(state)
