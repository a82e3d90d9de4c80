"""Turn: the one place where a runner writes: what finished attempts ask for, then the claims, in one transaction."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from adc.claiming import Desk, asked, claim, held
from adc.core.outcome import Outcome, Success
from adc.core.refusals import Refusal
from adc.core.states import Absent
from adc.core.transition import Transition
from adc.handling.said import Report
from adc.ports.trouble import StoreBusy
from adc.running.events import Happened, ReportRefused, RunnerEvent
from adc.running.wishes import NextDue, NotNow, Turn, Turned
from adc.shell import carry_out

Listener: TypeAlias = Callable[[RunnerEvent], None]
"""Told what the runner does. It must not wait."""


def take_turn(desk: Desk, wish: Turn, listener: Listener | None = None) -> Turned | NotNow:
    """Store the reports and claim; StoreBusy is an answer, any other trouble comes out.

    With no listener no events are made.
    """
    try:
        with desk.store.writing() as writing:
            at = desk.clock.now()  # when the lock is held: waiting for it may have taken long
            outcomes = carry_out(writing, [asked(desk, report, at) for report in wish.reports])
            claims = claim(desk, writing, at=at, due_by=at, limit=wish.limit)
            taken = held(writing, claims)
    except StoreBusy as busy:
        return NotNow(str(busy))
    if listener is not None:
        for event in (*_reported(wish.reports, outcomes), *_happened(claims)):
            listener(event)
    return Turned(taken, at, desk.clock.tick())


def look_ahead(desk: Desk) -> NextDue | NotNow:
    """When the next job is due: a read."""
    try:
        due = desk.store.next_due(desk.wanted)
    except StoreBusy as busy:
        return NotNow(str(busy))
    return NextDue(due, desk.clock.now())


def _reported(reports: Iterable[Report], outcomes: Iterable[Outcome[Transition, Refusal]]) -> Iterator[RunnerEvent]:
    for report, outcome in zip(reports, outcomes, strict=True):
        if isinstance(outcome, Success):
            yield from _happened((outcome.unwrap(),))
        else:
            yield ReportRefused(report.jid, report.token.attempt, outcome.failure())


def _happened(transitions: Iterable[Transition]) -> Iterator[Happened]:
    for each in transitions:
        assert not isinstance(each.after, Absent)
        for event in each.events:
            yield Happened(each.before.jid, each.after.terms.kind, event)
