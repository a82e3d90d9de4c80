"""Clients: producers that schedule and change jobs, again where they didn't learn what came of it."""

from collections.abc import Callable
from typing import Final, final

from msgspec.structs import replace

from adc.core.commands import Erase
from adc.core.ids import Xid
from adc.core.instants import datetime_of
from adc.core.outcome import Success
from adc.core.transition import Asked
from adc.kind import NewJob
from adc.ports.trouble import OutcomeUnknown, StoreBusy
from adc.queue import StoreQueue
from adc.refused import Refused
from adc.shell import carry_out
from adc.testing.world import SeededDice, numbered
from tests.simulation.fleet import Fleet
from tests.simulation.natures import QUEUES, nature
from tests.simulation.outside import Outside
from tests.simulation.world import Actor, ActorClock

FIRST_JOB: Final = 1_000
"""The number of the first job; lower ones are of runners."""


@final
class Client(Actor):
    """One that schedules so many jobs, and does so much else, until the horizon."""

    def __init__(self, world: Fleet, number: int, killers: float) -> None:
        super().__init__(f"client-{number}")
        self._world = world
        self._clock = ActorClock(world, 0)
        store = Outside(world, self).as_store
        self._queue = StoreQueue(store, clock=self._clock, dice=SeededDice(world.random), actor=self.name)
        self._killers = killers
        self.unfinished = 0
        """What it hasn't brought to an end."""

    def plan(self, horizon: float, jobs: int, changes: int) -> None:
        """Draw when it does what."""
        for _ in range(jobs):
            self._later(self._world.span(0, horizon), self._schedule_another)
        for _ in range(changes):
            self._later(self._world.span(0, horizon), self._change)

    def resume_all(self) -> None:
        """No queue stays paused."""
        for queue in QUEUES:
            self._later(0, lambda queue=queue: self._queue.resume(queue))  # type: ignore[misc]

    def _later(self, delay: int, deed: Callable[[], None]) -> None:
        self.unfinished += 1
        self._world.happen(delay, self, lambda: self._try(deed))

    def _try(self, deed: Callable[[], None]) -> None:
        """Do it, and again later if it isn't known to be done; one thing after the other."""
        self.unfinished -= 1
        if self.acting:
            self._later(self._world.until_free(self), deed)
            return
        self.acting = True
        try:
            deed()
        except (StoreBusy, OutcomeUnknown) as trouble:
            self._world.tell(self.name, "meets", type(trouble).__name__)
            self._later(self._world.span(0, 1), deed)
        finally:
            self.acting = False

    def _schedule_another(self) -> None:
        job = self._new()
        self._world.tell(self.name, "schedules", job.jid, "a", job.kind.name, job.key)
        self._later(0, lambda: self._schedule(job))
        if self._world.chance(0.2):
            self._later(self._world.span(0, 5), lambda: self._schedule(job))  # the same again

    def _new(self) -> NewJob:
        world, referee = self._world, self._world.referee
        behaves = nature(world.random, self._killers)
        number = len(referee.offered)
        key = f"key-{world.random.randrange(3)}" if world.chance(0.2) else None
        payload = number if key is None else world.random.randrange(2)
        queue = world.random.choice(("default", "default", "side"))
        job = replace(behaves.kind.new(payload, key=key, queue=queue), jid=numbered(FIRST_JOB + number))
        if world.chance(0.3):
            job = replace(job, delay=world.span(0, 3))
        referee.offered[job.jid] = (job, behaves)
        return job

    def _schedule(self, job: NewJob) -> None:
        try:
            jid = self._queue.schedule(job)
        except Refused:
            self._world.referee.refused.add(job.jid)
        else:
            self._world.referee.acknowledged(job, jid)

    def _change(self) -> None:
        """One of the other verbs, on some job."""
        known = list(self._world.referee.lives)
        if not known:
            return
        jid = self._world.random.choice(known)
        roll = self._world.random.random()
        self._world.tell(self.name, "changes", jid)
        if roll < 0.3:
            self._later(0, lambda: self._cancel(jid))
        elif roll < 0.4:
            due = datetime_of(self._clock.now()).replace(microsecond=0)
            self._later(0, lambda: self._drop(self._queue.reschedule(jid, due=due, priority=1)))
        elif roll < 0.65:
            self._later(0, lambda: self._drop(self._queue.redrive(jid)))
        elif roll < 0.75:
            self._later(0, lambda: self._erase(jid))
        elif roll < 0.85:
            kind = self._world.referee.nature_of(jid).kind
            self._later(0, lambda: self._drop(self._queue.unschedule_job(kind, jid)))
        else:
            queue = self._world.random.choice(QUEUES)
            self._later(0, lambda: self._pause(queue))
            self._later(self._world.span(0, 3), lambda: self._queue.resume(queue))

    def _drop(self, outcome: object) -> None:
        """Whether it was refused is the referee's to judge, from the log."""

    def _cancel(self, jid: Xid) -> None:
        if isinstance(self._queue.cancel_job(jid), Success):
            self._world.referee.cancelled(jid)

    def _pause(self, queue: str) -> None:
        if not self._world.is_calm:
            self._queue.pause(queue)

    def _erase(self, jid: Xid) -> None:
        with self._queue.store.writing() as writing:
            carry_out(writing, (Asked(Erase(jid, self._clock.now()), self.name),))
