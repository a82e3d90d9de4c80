"""Outside: the store as one process reaches it, where others are faster, the file is busy, and a commit's outcome unknown."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, final

from adc.codec.events import UnreadableEvent
from adc.core.commands import KeyHolder
from adc.core.database import AnyEvent, DatabaseEvent, DatabaseSnapshot, DatabaseTransition
from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant
from adc.core.liveness import Sign
from adc.core.states import StateName
from adc.core.transition import Recorded, Snapshot, Transition
from adc.ports.store import Enrolled, Enrolment, Look, Place, Wanted, Writing
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
    """A write transaction, with what can befall it: before it begins, at its commit, and before anybody learns of that."""

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
    """The verbs of `Store`. Whatever takes part in a race is an effect; the rest is for looking at."""

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

    def load(self, jids: Sequence[Xid]) -> dict[Xid, Snapshot]:
        return self._store.load(jids)

    def history(self, jid: Xid) -> tuple[Recorded, ...]:
        return self._store.history(jid)

    def events(self, after: int, limit: int) -> tuple[Recorded[AnyEvent] | UnreadableEvent, ...]:
        return self._store.events(after, limit)

    def last_seq(self) -> int:
        return self._store.last_seq()

    def database_history(self) -> tuple[Recorded[DatabaseEvent], ...]:
        return self._store.database_history()

    def paused(self) -> Mapping[str, Instant]:
        return self._store.paused()

    def history_or_why(self, jid: Xid) -> tuple[Recorded[AnyEvent] | UnreadableEvent, ...]:
        return self._store.history_or_why(jid)

    def body(self, jid: Xid, version: int) -> bytes | None:
        return self._store.body(jid, version)

    def look(self, wanted: Look) -> tuple[Snapshot, ...]:
        return self._store.look(wanted)

    def counts(self) -> Mapping[StateName, int]:
        return self._store.counts()

    def roll(self) -> tuple[Enrolled, ...]:
        return self._store.roll()

    def ahead(self, queue: str, place: Place, by: Instant, limit: int) -> int:
        return self._store.ahead(queue, place, by, limit)

    def close(self) -> None:
        """The file is everybody's."""
