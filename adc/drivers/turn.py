"""Turn: the one place where a runner writes: what finished attempts ask for, then the claims, in one transaction."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from msgspec.structs import replace

from adc.claiming import Desk, NotEnrolled, asked, claim, held, passing_over
from adc.codec.events import UnreadableEvent
from adc.core.evolve import ImpossibleHistory
from adc.core.instants import Instant
from adc.core.outcome import Outcome, Success
from adc.core.refusals import Refusal
from adc.core.states import Absent
from adc.core.transition import Transition
from adc.handling.said import Report
from adc.ports.signs import AWAKE, Rest
from adc.ports.trouble import StoreTrouble
from adc.running.events import Happened, JobUnreadable, ReportRefused, RunnerEvent, StruckOff
from adc.running.wishes import NextDue, NotNow, Peek, Turn, Turned
from adc.shell import carry_out

Listener: TypeAlias = Callable[[RunnerEvent], None]
"""Told what the runner does. It must not wait."""

_UNREADABLE: Final = (UnreadableEvent, ImpossibleHistory)


def take_turn(desk: Desk, wish: Turn, listener: Listener | None = None) -> Turned | NotNow:
    """Store the reports and claim; a trouble that passes is an answer, any other one comes out.

    An answer too is that others took it for gone once more, right when it had enrolled anew: nothing was stored then.
    With no listener no events are made.
    """
    try:
        return _enrolled_turn(desk, wish, listener)
    except NotEnrolled as problem:
        return NotNow(str(problem))
    except StoreTrouble as trouble:
        return not_now(trouble)


def not_now(trouble: StoreTrouble) -> NotNow:
    """The answer if its cause may go by itself; raises it if not."""
    if trouble.passing:
        return NotNow(str(trouble))
    raise trouble


def _enrolled_turn(desk: Desk, wish: Turn, listener: Listener | None) -> Turned:
    """Who isn't on the roll, as others took it for gone, goes there first: what was to be stored is undone."""
    try:
        return _readable_turn(desk, wish, listener)
    except NotEnrolled:
        desk.enrol()
        if listener is not None:
            listener(StruckOff(desk.runner))
        return _readable_turn(desk, wish, listener)


def _readable_turn(desk: Desk, wish: Turn, listener: Listener | None) -> Turned:
    try:
        return _turn(desk, wish, listener)
    except _UNREADABLE:
        damaged = [problem for report in wish.reports for problem in _alone(desk, report, listener)]
        turned = passing_over(lambda: _turn(desk, replace(wish, reports=()), listener))
        return replace(turned, unreadable=(*damaged, *turned.unreadable))


def _turn(desk: Desk, wish: Turn, listener: Listener | None) -> Turned:
    desk.store.rest(desk.runner, AWAKE)
    with desk.store.writing() as writing:
        at = desk.clock.now()  # when the lock is held: waiting for it may have taken long
        outcomes = carry_out(writing, [asked(desk, report, at) for report in wish.reports])
        claims = claim(desk, writing, at=at, due_by=at, limit=wish.limit, is_idle=wish.is_idle)
        taken = held(writing, claims.taken)
    if listener is not None:
        for event in (*_reported(desk, wish.reports, outcomes), *happened(desk, claims.taken)):
            listener(event)
    unreadable = tuple(JobUnreadable(each.jid, str(each)) for each in claims.unreadable)
    return Turned(taken, at, desk.clock.tick(), unreadable, claims.alone)


def _alone(desk: Desk, report: Report, listener: Listener | None) -> tuple[JobUnreadable, ...]:
    """Store a report in a transaction of its own: a job that can't be read costs the others nothing."""
    try:
        _turn(desk, Turn((report,), 0), listener)
    except _UNREADABLE as unreadable:
        return (JobUnreadable(report.jid, str(unreadable)),)
    return ()


def look_ahead(desk: Desk, wish: Peek) -> NextDue | NotNow:
    """When the next job is due: a read. What is committed after it wakes the runner."""
    desk.store.rest(desk.runner, Rest(wish.free, Instant(desk.clock.now() + wish.at_most)))
    try:
        due = desk.store.next_due(desk.wanted)
    except StoreTrouble as trouble:
        return not_now(trouble)
    return NextDue(due, desk.clock.now())


def happened(desk: Desk, transitions: Iterable[Transition]) -> Iterator[Happened]:
    """What the runner did, as its events."""
    for each in transitions:
        assert not isinstance(each.after, Absent)
        for event in each.events:
            yield Happened(each.before.jid, each.after.terms.kind, event, desk.actor)


def _reported(
    desk: Desk, reports: Iterable[Report], outcomes: Iterable[Outcome[Transition, Refusal]]
) -> Iterator[RunnerEvent]:
    for report, outcome in zip(reports, outcomes, strict=True):
        if isinstance(outcome, Success):
            yield from happened(desk, (outcome.unwrap(),))
        else:
            yield ReportRefused(report.jid, report.token.attempt, outcome.failure(), desk.actor)
