"""Outside: the store as one process reaches it: others are faster, the file is busy, a commit's outcome is unknown."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, cast, final

from adc.core.database import DatabaseTransition
from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant
from adc.core.liveness import Sign
from adc.core.transition import Transition
from adc.ports.store import Enrolment, Store, Wanted, Writing
from adc.ports.trouble import OutcomeUnknown, StoreBusy
from tests.simulation.world import Actor, Died, World

PATH: Final = "simulated"


class Noted:
    """A write transaction, with what is written noted: the referee is told when it is committed."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self.transitions: list[Transition | DatabaseTransition] = []
        self.struck: list[RunnerId] = []
        self.due = writing.due
        self.load = writing.load
        self.payloads = writing.payloads
        self.holder = writing.holder
        self.sign = writing.sign
        self.is_enrolled = writing.is_enrolled
        self.held_by = writing.held_by
        self.database = writing.database

    def strike(self, runner: RunnerId) -> None:
        self._writing.strike(runner)
        self.struck.append(runner)

    def apply(self, transitions: Sequence[Transition]) -> None:
        self._writing.apply(transitions)
        self.transitions += transitions

    def apply_database(self, transition: DatabaseTransition) -> None:
        self._writing.apply_database(transition)
        self.transitions.append(transition)


@final
class Transacting:
    """A write transaction, and what can befall it: before it begins, at its commit, and before anybody learns of it."""

    def __init__(self, world: World, who: Actor) -> None:
        self._world = world
        self._who = who
        self._unknown = world.weather.unknown / 4 if who.is_runner else world.weather.unknown

    def __enter__(self) -> Writing:
        begin(self._world, self._who, "begin")
        self._inner = self._world.store.writing()
        self._noted = Noted(self._inner.__enter__())
        return self._noted

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            error = self._befalls()
        if error is not None:
            self._inner.__exit__(type(error), error, error.__traceback__)
            raise error
        self._inner.__exit__(None, None, None)
        self._world.referee.committed(self._noted.transitions, self._noted.struck)
        error = self._befalls()
        if error is not None:
            raise error
        self._world.effect(self._who)

    def _befalls(self) -> BaseException | None:
        """On this side of the commit."""
        roll = self._world.random.random()
        if roll < self._unknown:
            self._world.tell(self._who.name, "doesn't learn the outcome of its commit")
            return OutcomeUnknown(PATH, "commit", "simulated")
        if self._who.is_runner and roll > 1 - self._world.weather.death:
            self._who.dead = True
            return Died()
        return None


def begin(world: World, who: Actor, operation: str) -> None:
    """A write transaction is about to begin; raises StoreBusy."""
    world.effect(who)
    if world.chance(world.weather.busy):
        raise StoreBusy(PATH, operation, "simulated")


@final
class Outside:
    """The verbs of `Store`. What races are about is an effect."""

    def __init__(self, world: World, who: Actor) -> None:
        self._world = world
        self._who = who
        self._store = world.store

    def writing(self) -> Transacting:
        return Transacting(self._world, self._who)

    def next_due(self, wanted: Wanted) -> Instant | None:
        self._world.effect(self._who)
        return self._store.next_due(wanted)

    def enrol(self, runner: Enrolment) -> None:
        begin(self._world, self._who, "enrol")
        self._store.enrol(runner)
        self._world.referee.enrolled(runner)
        self._world.effect(self._who)

    def beat(self, runner: RunnerId, at: Instant) -> bool:
        self._world.effect(self._who)
        seen = self._store.beat(runner, at)
        if seen:
            self._world.referee.beaten(runner)
        return seen

    def resign(self, runner: RunnerId) -> None:
        begin(self._world, self._who, "resign")
        self._store.resign(runner)
        self._world.referee.resigned(runner)
        self._world.effect(self._who)

    def let_go(self, runner: RunnerId) -> None:
        self._store.let_go(runner)
        self._world.referee.freed(runner)

    def signs(self) -> Mapping[RunnerId, Sign | None]:
        self._world.effect(self._who)
        return self._store.signs()

    def holding(self, runner: RunnerId) -> Mapping[Xid, bool]:
        self._world.effect(self._who)
        return self._store.holding(runner)

    def __getattr__(self, verb: str) -> object:
        """No race is about the others: they are the store's own."""
        return getattr(self._store, verb)

    @property
    def as_store(self) -> Store:
        """As a store, which it is by all its verbs together."""
        return cast("Store", self)
