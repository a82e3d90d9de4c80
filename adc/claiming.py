"""Claiming: jobs taken from a store by who can run them, and what they then report; in whoever's transaction."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from typing_extensions import TypeVar

from adc import system
from adc.codec.events import UnreadableEvent
from adc.core.commands import Claim
from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant, Span
from adc.core.outcome import Success
from adc.core.states import Absent, Scheduled, Started
from adc.core.transition import Asked, Snapshot, Transition, transition
from adc.handling.job import Held
from adc.handling.said import Failed, Report, asked_of
from adc.ports.clock import Clock, Dice
from adc.ports.store import Enrolment, Store, Wanted, Writing

Taken = TypeVar("Taken")


class Desk(Struct, frozen=True):
    """Where somebody who runs jobs stands: a store, its own name there, which jobs it wants, and how it lives."""

    store: Store
    clock: Clock
    dice: Dice
    runner: RunnerId
    wanted: Wanted
    driver: str
    lease: Span | None = None
    """How long others may see the same beat of it; None: it gives none."""
    isolates: bool = False
    """Whether all that it runs has processes of its own: then a crash takes no neighbour along."""

    @property
    def actor(self) -> str:
        """Who asks, in the log."""
        return f"runner:{self.runner}"

    def enrol(self) -> None:
        """Put itself on the roll."""
        here = system.place()
        self.store.enrol(
            Enrolment(
                *(self.runner, self.driver, self.wanted, here.host, here.pid, here.boot_id),
                started_at=self.clock.now(),
                lease=self.lease,
            )
        )


class NotEnrolled(Exception):
    """Who claims isn't on the roll: it never was, or others took it for gone. Nothing was claimed."""


def asked(desk: Desk, report: Report, at: Instant) -> Asked:
    """The command that a report asks for."""
    noise = desk.dice.noise() if isinstance(report.said, Failed) else 0.0
    return asked_of(report, at=at, noise=noise, actor=desk.actor)


class Claims(Struct, frozen=True):
    """What became of the jobs that were due."""

    taken: tuple[Transition, ...] = ()
    unreadable: tuple[UnreadableEvent, ...] = ()
    """Those that stay as they are, since they can't be read."""
    alone: bool = False
    """Whether the one that was taken must run alone."""


def claim(desk: Desk, writing: Writing, *, at: Instant, due_by: Instant, limit: int, is_idle: bool = True) -> Claims:
    """Claim due jobs. Decided on the snapshots as the store gives them: loading them again would tell nothing new.

    A suspect, which may have killed a runner, needs one that is idle, for itself alone; nothing behind it goes first.
    Raises NotEnrolled.
    """
    if limit == 0:
        return Claims()
    if not writing.is_enrolled(desk.runner):
        raise NotEnrolled(f"runner {desk.runner} is not on the roll: others took it for gone")
    actor = desk.actor
    taken: list[Transition] = []
    unreadable: list[UnreadableEvent] = []
    alone = False
    for job in writing.due(desk.wanted, due_by, limit):
        if isinstance(job, UnreadableEvent):
            unreadable.append(job)
            continue
        alone = _is_suspect(desk, job)
        if alone and (taken or not is_idle):
            alone = False
            break
        outcome = transition(job, Asked(Claim(job.jid, at, desk.runner, due_by), actor))
        if isinstance(outcome, Success):
            taken.append(outcome.unwrap())
        if alone:
            break
    writing.apply(taken)
    return Claims(tuple(taken), tuple(unreadable), alone)


def passing_over(claiming: Callable[[], Taken]) -> Taken:
    """Claim, in a transaction; again, if a job in it turned out to be damaged: the store passes over it then."""
    told: set[Xid] = set()
    while True:
        try:
            return claiming()
        except UnreadableEvent as unreadable:
            if unreadable.jid in told:
                raise
            told.add(unreadable.jid)


def _is_suspect(desk: Desk, job: Snapshot) -> bool:
    """Whether a runner died with the job, which may be why, and might again."""
    state = job.state
    return not isinstance(state, Absent) and state.tally.crashes > 0 and not desk.isolates


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
    return Held(claim.before.jid, after, before.due, payload, claim.before.version + len(claim.events))
