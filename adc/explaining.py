"""Explaining, pure: from what is known of a job and of runners to why it runs, doesn't run, or ran again."""

from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from msgspec import Struct

from adc.core.events import (
    CancelAsked,
    JobCancelled,
    JobCrashed,
    JobDied,
    JobRedriven,
    JobReleased,
    JobRetried,
    JobSnoozed,
    JobStarted,
)
from adc.core.instants import Instant, datetime_of
from adc.core.states import Absent, Cancelled, Cancelling, Dead, Done, Scheduled, Started
from adc.core.terms import Fault, Terms
from adc.core.transition import Recorded, Snapshot
from adc.runners import RunnerRow
from adc.why import (
    Behind,
    IsBeingCancelled,
    IsDead,
    IsDone,
    IsHeld,
    MustRunAlone,
    NextInTurn,
    NoRunner,
    NoRunnerForKind,
    NoRunnerForQueue,
    NoRunnerForVersion,
    NotKnown,
    NotYetDue,
    QueueIsPaused,
    RanAgain,
    WaitsForRetry,
    WasCancelled,
    Why,
)

FARTHEST: Final = 10_000
"""So many jobs that come first are counted."""


class Facts(Struct, frozen=True):
    """What is known, all of one moment."""

    now: Instant
    job: Snapshot
    history: tuple[Recorded, ...]
    runners: tuple[RunnerRow, ...] = ()
    paused_since: Instant | None = None
    """When its queue was paused; None: it isn't."""
    ahead: int = 0
    """How many due jobs of its queue come first, counted up to one more than FARTHEST."""


def explain(facts: Facts) -> tuple[Why, ...]:
    """The reasons that hold, what keeps it now first; then why it ran again, each time, oldest first."""
    return (*_now(facts), *_again(facts))


def _now(facts: Facts) -> Iterator[Why]:
    state = facts.job.state
    match state:
        case Absent():
            yield NotKnown(facts.job.jid)
        case Scheduled():
            yield from _waiting(facts, state)
        case Started():
            yield _held(facts, state)
        case Cancelling():
            yield _held(facts, state)
            yield IsBeingCancelled(_actor(facts, CancelAsked), datetime_of(state.asked_at))
        case Done():
            yield IsDone(datetime_of(state.at), state.token.attempt)
        case Dead():
            yield IsDead(state.reason, datetime_of(state.at), _fault(facts.history))
        case Cancelled():
            actor = _actor(facts, CancelAsked) or _actor(facts, JobCancelled)
            yield WasCancelled(actor, datetime_of(state.at))
        case _:
            assert_never(state)


def _waiting(facts: Facts, state: Scheduled) -> Iterator[Why]:
    found = tuple(_hindrances(facts, state))
    yield from found
    if not found:
        yield NextInTurn()


def _hindrances(facts: Facts, state: Scheduled) -> Iterator[Why]:
    terms, is_due = state.terms, state.due <= facts.now
    if not is_due:
        yield _until_due(facts, state)
    if facts.paused_since is not None:
        yield QueueIsPaused(terms.queue, datetime_of(facts.paused_since))
    yield from _without_runner(terms, [each for each in facts.runners if each.gone is None])
    if is_due and state.tally.crashes:
        yield MustRunAlone(state.tally.crashes, terms.max_crashes)
    if is_due and facts.ahead:
        yield Behind(min(facts.ahead, FARTHEST), are_many=facts.ahead > FARTHEST)


def _until_due(facts: Facts, state: Scheduled) -> Why:
    last = facts.history[-1].event
    if isinstance(last, JobRetried):
        return WaitsForRetry(datetime_of(state.due), state.tally.retries, state.terms.retry.max_retries, last.fault)
    return NotYetDue(datetime_of(state.due))


def _without_runner(terms: Terms, living: Sequence[RunnerRow]) -> Iterator[Why]:
    serving = [each for each in living if terms.queue in each.queues]
    handled = {version for each in serving for kind, version in each.kinds if kind == terms.kind}
    if not living:
        yield NoRunner()
    elif not serving:
        yield NoRunnerForQueue(terms.queue)
    elif not handled:
        yield NoRunnerForKind(terms.kind)
    elif terms.payload_version not in handled:
        yield NoRunnerForVersion(terms.kind, terms.payload_version, tuple(sorted(handled)))


def _held(facts: Facts, state: Started | Cancelling) -> IsHeld:
    runner, since = state.token.runner, datetime_of(state.since)
    row = next((each for each in facts.runners if each.runner == runner), None)
    if row is None:
        return IsHeld(runner, since, None, "unlisted")
    return IsHeld(runner, since, row.beat_at, row.gone)


def _again(facts: Facts) -> Iterator[RanAgain]:
    """Each end of an attempt that another one followed, or will, and each redrive."""
    starts = [at for at, each in enumerate(facts.history) if isinstance(each.event, JobStarted)]
    waits = isinstance(facts.job.state, Scheduled)
    followed = facts.history if waits or not starts else facts.history[: starts[-1]]
    attempt = 0
    for each in followed:
        match each.event:
            case JobStarted(attempt=attempt):
                pass
            case JobRetried(fault=fault):
                yield RanAgain(attempt, "failed", _shown(fault))
            case JobSnoozed():
                yield RanAgain(attempt, "snoozed", "")
            case JobReleased(why=why):
                yield RanAgain(attempt, "released", why)
            case JobCrashed(because=because):
                yield RanAgain(attempt, "crashed", because)
            case JobRedriven():
                yield RanAgain(attempt, "redriven", each.actor)
            case _:
                pass


def _actor(facts: Facts, of: type[CancelAsked | JobCancelled]) -> str:
    return next((each.actor for each in reversed(facts.history) if isinstance(each.event, of)), "")


def _fault(history: Sequence[Recorded]) -> Fault | None:
    last = next((each.event for each in reversed(history) if isinstance(each.event, JobDied)), None)
    return None if last is None else last.fault


def _shown(fault: Fault) -> str:
    name = fault.names[0].rpartition(".")[2] if fault.names else "unknown"
    return f"{name}: {fault.message}" if fault.message else name
