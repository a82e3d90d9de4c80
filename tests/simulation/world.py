"""World: one hand that decides, from a seed, who does the next thing, and when; with the clocks that all of it follows.

Whoever acts does one thing at a time: a wish of a runner's loop, a call of a client. Between the effects of that one
thing others may do theirs, so that it is seen half done; and there a process may be stopped, or die.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from random import Random
from typing import Final, Protocol, TypeAlias

from adc.core.instants import SECOND, Instant, Span
from adc.ports.store import Store
from adc.testing.samples import EARLY
from tests.simulation.referee import Referee
from tests.simulation.trace import line
from tests.simulation.weather import CALM, weather

COUNTED: Final = Span(5 * SECOND)
"""Of a pause of everybody a watcher may count so much as seen: the promise of core/liveness.py, said here once more."""

START: Final = 1_000 * SECOND
FOREVER: Final = 1 << 62
STEP: Final = 4_000
"""One thing takes up to so many microseconds."""
MOST_NESTED: Final = 3
MOST_MEANWHILE: Final = 4
"""Others do so many things at most in the middle of one."""

Deed: TypeAlias = Callable[[], None]


class Died(BaseException):
    """The process is no more: it does nothing after this."""


class Actor:
    """Somebody with a process of its own: it can be stopped, and it can die."""

    def __init__(self, name: str) -> None:
        self.name: Final = name
        self.dead = False
        self.acting = False
        """Whether it is in the middle of something, while others do theirs."""
        self.halted_until = 0
        self.stops: list[tuple[int, int]] = []
        """When it was stopped while it rested, and for how long."""
        self.is_runner = False

    @property
    def rests(self) -> bool:
        """Whether it only waits."""
        return False


class Runs(Protocol):
    """What the world knows of a process that has a runner."""

    dead: bool
    acting: bool
    halted_until: int
    stops: list[tuple[int, int]]

    @property
    def rests(self) -> bool: ...
    @property
    def wakes_at(self) -> int: ...
    def step(self) -> None: ...


class World:
    """The clocks, what is to happen by them, and the dice."""

    def __init__(self, seed: int, store: Store, tell: Callable[[str], None] | None) -> None:
        self.random: Final = Random(seed)
        self.store: Final = store
        self.tick: int = START
        self.wall = int(EARLY)
        self.latest_wall = self.wall
        self.counted = 0
        """How long a watcher that never sleeps may have seen the same beat, since the start."""
        self.weather = weather(self.random)
        self.referee: Final = Referee(self)
        self.runners: list[Runs] = []
        self.steps = 0
        self._tell = tell
        self._agenda: list[tuple[int, int, Actor | None, Deed]] = []
        self._planned = 0
        self._depth = 0
        self._halted: list[Actor] = []
        """Those that were stopped in the middle of something."""

    def tell(self, who: str, *what: object) -> None:
        """A line of the trace."""
        if self._tell is not None:
            self._tell(line((self.tick - START) / SECOND, self._depth, who, what))

    def chance(self, probability: float) -> bool:
        """Draw whether it is so."""
        return probability > 0 and self.random.random() < probability

    def span(self, least: float, most: float) -> int:
        """Draw a length between so many seconds."""
        return int(SECOND * (least + (most - least) * self.random.random()))

    def happen(self, delay: int, who: Actor | None, deed: Deed) -> None:
        """Let it be done so much later, unless its doer is dead by then; one that is stopped does it afterwards."""
        self._planned += 1
        heappush(self._agenda, (self.tick + delay, self._planned, who, deed))

    def until_free(self, who: Actor) -> int:
        """How long to wait for somebody who is in the middle of something."""
        return max(SECOND // 10, who.halted_until - self.tick)

    def calm(self) -> None:
        """No more faults from now on, and the clock on the wall is right again: nothing lies far ahead."""
        self.weather = CALM
        self.wall = self.latest_wall + 7_200 * SECOND

    def step(self) -> None:
        """Somebody does the next thing; or, if nobody has anything to do, time passes until somebody has."""
        self.steps += 1
        tick = self.tick
        ready = [each for each in self.runners if each.wakes_at <= tick and not each.acting]
        due = bool(self._agenda) and self._agenda[0][0] <= tick
        choices = len(ready) + due
        if not choices:
            self._pass_until_somebody_has()
            return
        chosen = int(self.random.random() * choices)
        if chosen < len(ready):
            ready[chosen].step()
        else:
            self._do_next()
        self._pass(int(self.random.random() * STEP))

    def effect(self, who: Actor) -> None:
        """Something of somebody is about to begin: others may be faster, and it may be stopped, or die."""
        weather = self.weather
        roll = self.random.random()
        if roll < weather.meanwhile:
            if self._depth < MOST_NESTED:
                for _ in range(1 + int(self.random.random() * MOST_MEANWHILE)):
                    self._nested()
        elif roll < weather.meanwhile + weather.halt:
            self.halt(who, self.span(0.2, 10))
        elif who.is_runner and roll < weather.meanwhile + weather.halt + weather.death:
            who.dead = True
        if who.halted_until > self.tick:
            self._stay_halted(who)
        if who.dead:
            raise Died

    def halt(self, who: Actor, length: int) -> None:
        """Stop it for so long: SIGSTOP. Its ticks go on."""
        self.tell(who.name, "is stopped for", length / SECOND, "s")
        began = max(self.tick, who.halted_until)
        who.halted_until = max(who.halted_until, self.tick + length)
        if who.rests:
            who.stops.append((self.tick, who.halted_until - began))

    def pause(self, length: int) -> None:
        """Nobody runs for so long, though all ticks go on: a container or a virtual machine that is paused."""
        self.tell("world", "pauses for", length / SECOND, "s")
        self._agenda = [(at + length, number, who, deed) for at, number, who, deed in self._agenda]
        heapify(self._agenda)
        for each in self.runners:
            if each.rests:
                each.stops.append((self.tick, max(0, self.tick + length - max(self.tick, each.halted_until))))
        self.tick += length
        self._see(length)
        self.counted += min(length, COUNTED)

    def jump(self, length: int) -> None:
        """The clock on the wall jumps; or the machine slept so long, and no tick passed."""
        self.tell("world", "the wall clock jumps by", length / SECOND, "s")
        self._see(length)

    def _stay_halted(self, who: Actor) -> None:
        self._halted.append(who)
        try:
            while who.halted_until > self.tick and not who.dead:
                self._nested()
        finally:
            self._halted.remove(who)

    def _nested(self) -> None:
        self._depth += 1
        try:
            self.step()
        finally:
            self._depth -= 1

    def _do_next(self) -> None:
        _, number, who, deed = heappop(self._agenda)
        if who is None:
            deed()
        elif who.halted_until > self.tick:
            heappush(self._agenda, (who.halted_until, number, who, deed))
        elif not who.dead:
            deed()

    def _pass_until_somebody_has(self) -> None:
        ahead = min((each.wakes_at for each in self.runners if not each.acting), default=FOREVER)
        halted = min((each.halted_until for each in self._halted if each.halted_until > self.tick), default=FOREVER)
        agenda = self._agenda[0][0] if self._agenda else FOREVER
        found = min(ahead, agenda, halted)
        if found < FOREVER:
            self._pass(found - self.tick)
        else:
            assert self._depth, "nobody has anything to do any more"

    def _pass(self, length: int) -> None:
        self.tick += length
        self.counted += length
        self._see(length)

    def _see(self, length: int) -> None:
        self.wall += length
        self.latest_wall = max(self.latest_wall, self.wall)


class ActorClock:
    """The clocks as one process reads them: its ticks have a zero of their own."""

    def __init__(self, world: World, zero: int) -> None:
        self._world = world
        self._zero = zero

    def now(self) -> Instant:
        """The clock on the wall."""
        return Instant(self._world.wall)

    def tick(self) -> Span:
        """The clock that only goes forward."""
        return Span(self._world.tick - self._zero)
