"""World: a queue, its runners and its time in one hand: days pass at once, and a seed tells the same history again.

The core, the runner's loop and the handlers are the real ones; only the store is in memory, and time moves by hand.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Final, final

from msgspec.structs import replace
from typing_extensions import override

from adc import system
from adc.claiming import Desk
from adc.core.ids import XID_BYTES, RunnerId, Xid, encode_xid
from adc.core.instants import Span, span_of, timedelta_of
from adc.core.outcome import Outcome
from adc.core.terms import DEFAULT_QUEUE
from adc.drivers.drive import drive
from adc.drivers.inline import Inline
from adc.drivers.turn import take_turn
from adc.kind import NewJob
from adc.ports.store import Wanted
from adc.queue import StoreQueue
from adc.refused import ScheduleRefused
from adc.rescuing import Watcher
from adc.router import RunnerRouter
from adc.running.loop import Plan, run
from adc.running.wishes import Turn, Turned, Woken
from adc.stores.memory import MemoryStore
from adc.testing.fixed import START, FixedClock

_FOREVER: Final = span_of(timedelta(days=36_500))
"""The longest rest: a world has no other processes to look for."""


class SeededDice:
    """Chance that is the same each time."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def noise(self) -> float:
        """The next number from [0, 1)."""
        return self._random.random()


@final
class WorldQueue(StoreQueue):
    """The queue of a world. A job gets the world's next id when it is first scheduled, so that a seed repeats it."""

    def __init__(self, clock: FixedClock, random: Random) -> None:
        super().__init__(MemoryStore(), clock=clock, dice=SeededDice(random), actor="world")
        self._ids: dict[Xid, Xid] = {}

    @override
    def schedule_many(self, jobs: Iterable[NewJob], /) -> tuple[Xid, ...]:
        return super().schedule_many([self._named(job) for job in jobs])

    @override
    def try_schedule(self, job: NewJob, /) -> Outcome[Xid, ScheduleRefused]:
        return super().try_schedule(self._named(job))

    def _named(self, job: NewJob) -> NewJob:
        known = self._ids.setdefault(job.jid, numbered(len(self._ids) + 1))
        return replace(job, jid=known)


@final
class World:
    """Schedule into `world.queue`, then let time pass: `world.run(router, timedelta(days=30))`.

    Async handlers work, but their sleeping is real. What handlers schedule themselves must go to `world.queue`.
    """

    def __init__(self, seed: int = 0, *, at: datetime = START, queues: Collection[str] = (DEFAULT_QUEUE,)) -> None:
        self._random = Random(seed)  # noqa: S311  nothing secret: the same history each time
        self._queues = tuple(queues)
        self._runners = 0
        self.clock: FixedClock = FixedClock(at)
        self.queue: WorldQueue = WorldQueue(self.clock, self._random)

    def run(self, router: RunnerRouter, lasting: timedelta = timedelta(0), *, concurrency: int = 10) -> None:
        """A runner works for so long; time jumps from one due job to the next. With no time: what is due now."""
        desk, routes = self._desk(router), router.routes
        hands = _Hands(Inline(routes, self.clock), self.clock, self._random, span_of(lasting))
        plan = Plan(
            *(desk.runner, concurrency, _FOREVER, "stopped", Span(0)),
            watch_interval=_FOREVER,
            most_hanging=0,
            first_rest=_FOREVER,
        )
        drive(run(plan), desk, hands, Watcher(desk, system.place().boot_id))
        self.queue.store.resign(desk.runner)

    def crash(self, router: RunnerRouter, *, concurrency: int = 10) -> tuple[Xid, ...]:
        """A runner claims what is due, and is gone before a handler says anything: the jobs, which others get back."""
        desk = self._desk(router)
        turned = take_turn(desk, Turn((), concurrency))
        self.queue.store.let_go(desk.runner)
        Watcher(self._desk(router), system.place().boot_id).look()
        return tuple(each.jid for each in turned.held) if isinstance(turned, Turned) else ()

    def advance(self, by: timedelta) -> None:
        """Let time pass, and nobody works."""
        self.clock.advance(by)

    def _desk(self, router: RunnerRouter) -> Desk:
        self._runners += 1
        wanted = Wanted(self._queues, tuple(router.routes))
        runner = RunnerId(numbered(self._runners))
        return Desk(self.queue.store, self.clock, self.queue.dice, runner, wanted, driver="world")


class _Hands:
    """Hands that run attempts at once, in the loop's own thread, and let time jump instead of waiting."""

    def __init__(self, inline: Inline, clock: FixedClock, random: Random, lasting: Span) -> None:
        self._inline = inline
        self._clock = clock
        self._random = random
        self._end = clock.tick() + lasting
        self.launch = inline.launch
        self.interrupt = inline.interrupt
        self.cancel = inline.cancel
        self.abandon = inline.abandon
        self.stop = inline.stop
        self.close = inline.close

    def wait(self, at_most: Span) -> Woken:
        """What attempts said, in any order; or a jump in time, to the end of the run at most."""
        woken = self._inline.wait(Span(0))
        if woken.reports:
            reports = self._random.sample(woken.reports, len(woken.reports))
            return replace(woken, reports=tuple(reports))
        left = Span(self._end - self._clock.tick())
        self._clock.advance(timedelta_of(min(at_most, left)))
        return Woken((), self._clock.tick(), stopping=woken.stopping or at_most > left)


def numbered(number: int) -> Xid:
    """An id that only a test has: its number, with no time and no chance in it."""
    return encode_xid(number.to_bytes(XID_BYTES))
