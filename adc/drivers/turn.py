"""Turn: the one place where a runner writes: what finished attempts ask for, then the claims, in one transaction."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from msgspec import Struct

from adc.core.commands import Claim
from adc.core.ids import RunnerId
from adc.core.instants import Instant
from adc.core.outcome import Outcome, Success
from adc.core.refusals import Refusal
from adc.core.states import Absent, Scheduled, Started
from adc.core.transition import Asked, Transition, transition
from adc.handling.said import Failed, Report, asked_of
from adc.ports.clock import Clock, Dice
from adc.ports.store import Store, Wanted, Writing
from adc.ports.trouble import StoreBusy
from adc.running.events import Happened, ReportRefused, RunnerEvent
from adc.running.wishes import Held, NextDue, NotNow, Turn, Turned
from adc.shell import carry_out

Listener: TypeAlias = Callable[[RunnerEvent], None]
"""Told what the runner does. It must not wait."""


class Desk(Struct, frozen=True):
    """A runner's place at its store."""

    store: Store
    clock: Clock
    dice: Dice
    runner: RunnerId
    wanted: Wanted
    listener: Listener | None = None
    """None: nobody listens, and no events are made."""

    @property
    def actor(self) -> str:
        """Who asks, in the log."""
        return f"runner:{self.runner}"


def take_turn(desk: Desk, wish: Turn) -> Turned | NotNow:
    """Store the reports and claim; StoreBusy is an answer, any other trouble comes out."""
    try:
        with desk.store.writing() as writing:
            at = desk.clock.now()  # when the lock is held: waiting for it may have taken long
            outcomes = carry_out(writing, [asked(desk, report, at) for report in wish.reports])
            claims = claim(desk, writing, at=at, due_by=at, limit=wish.limit)
            taken = held(writing, claims)
    except StoreBusy as busy:
        return NotNow(str(busy))
    if desk.listener is not None:
        for event in (*_reported(wish.reports, outcomes), *_happened(claims)):
            desk.listener(event)
    return Turned(taken, at, desk.clock.tick())


def look_ahead(desk: Desk) -> NextDue | NotNow:
    """When the next job is due: a read."""
    try:
        due = desk.store.next_due(desk.wanted)
    except StoreBusy as busy:
        return NotNow(str(busy))
    return NextDue(due, desk.clock.now())


def asked(desk: Desk, report: Report, at: Instant) -> Asked:
    """The command that a report asks for."""
    noise = desk.dice.noise() if isinstance(report.said, Failed) else 0.0
    return asked_of(report, at=at, noise=noise, actor=desk.actor)


def claim(desk: Desk, writing: Writing, *, at: Instant, due_by: Instant, limit: int) -> list[Transition]:
    """Claim due jobs. Decided on the snapshots as the store gives them: loading them again would tell nothing new."""
    if limit == 0:
        return []
    claims: list[Transition] = []
    for snapshot in writing.due(desk.wanted, due_by, limit):
        outcome = transition(snapshot, Asked(Claim(snapshot.jid, at, desk.runner, due_by), desk.actor))
        if isinstance(outcome, Success):
            claims.append(outcome.unwrap())
    writing.apply(claims)
    return claims


def held(writing: Writing, claims: list[Transition]) -> tuple[Held, ...]:
    """The claimed jobs, with their payloads."""
    if not claims:
        return ()
    payloads = writing.payloads([each.before.jid for each in claims])
    return tuple(_held_by(each, payloads.get(each.before.jid)) for each in claims)


def _held_by(claim: Transition, payload: bytes | None) -> Held:
    before, after = claim.before.state, claim.after
    assert isinstance(before, Scheduled)
    assert isinstance(after, Started)
    return Held(claim.before.jid, after, before.due, payload)


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
