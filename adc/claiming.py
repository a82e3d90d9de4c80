"""Claiming: jobs taken from a store by who can run them, and what they then report; in whoever's transaction."""

from collections.abc import Sequence

from msgspec import Struct

from adc.codec.events import UnreadableEvent
from adc.core.commands import Claim
from adc.core.ids import RunnerId
from adc.core.instants import Instant
from adc.core.outcome import Success
from adc.core.states import Scheduled, Started
from adc.core.transition import Asked, Transition, transition
from adc.handling.job import Held
from adc.handling.said import Failed, Report, asked_of
from adc.ports.clock import Clock, Dice
from adc.ports.store import Store, Wanted, Writing


class Desk(Struct, frozen=True):
    """Where somebody who runs jobs stands: a store, its own name there, and which jobs it wants."""

    store: Store
    clock: Clock
    dice: Dice
    runner: RunnerId
    wanted: Wanted

    @property
    def actor(self) -> str:
        """Who asks, in the log."""
        return f"runner:{self.runner}"


def asked(desk: Desk, report: Report, at: Instant) -> Asked:
    """The command that a report asks for."""
    noise = desk.dice.noise() if isinstance(report.said, Failed) else 0.0
    return asked_of(report, at=at, noise=noise, actor=desk.actor)


class Claims(Struct, frozen=True):
    """What became of the jobs that were due."""

    taken: tuple[Transition, ...] = ()
    unreadable: tuple[UnreadableEvent, ...] = ()
    """Those that stay as they are, since they can't be read."""


def claim(desk: Desk, writing: Writing, *, at: Instant, due_by: Instant, limit: int) -> Claims:
    """Claim due jobs. Decided on the snapshots as the store gives them: loading them again would tell nothing new."""
    if limit == 0:
        return Claims()
    taken: list[Transition] = []
    unreadable: list[UnreadableEvent] = []
    for job in writing.due(desk.wanted, due_by, limit):
        if isinstance(job, UnreadableEvent):
            unreadable.append(job)
            continue
        outcome = transition(job, Asked(Claim(job.jid, at, desk.runner, due_by), desk.actor))
        if isinstance(outcome, Success):
            taken.append(outcome.unwrap())
    writing.apply(taken)
    return Claims(tuple(taken), tuple(unreadable))


def held(writing: Writing, claims: Sequence[Transition]) -> tuple[Held, ...]:
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
