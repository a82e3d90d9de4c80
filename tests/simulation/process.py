"""Process: one with a runner: the real loop and the real turns, one wish at a time."""

from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal, assert_never, final

from msgspec import Struct
from typing_extensions import override

from adc import system
from adc.claiming import Desk
from adc.core.ids import RunnerId, Xid
from adc.core.instants import SECOND, Span
from adc.drivers.drive import _answer as perform
from adc.ports.store import Wanted
from adc.ports.trouble import StoreBusy, StoreTrouble
from adc.rescuing import Watcher
from adc.running.events import Happened, RunnerEvent
from adc.running.loop import HandlersHang, Plan, ReportsUnstored, Until, run
from adc.running.wishes import Answer, Interrupt, Tell, Turn, Wait, Wish
from adc.testing.world import SeededDice, numbered
from tests.simulation.hands import ScriptedHands
from tests.simulation.natures import ADDRESSES, GRACES, QUEUES
from tests.simulation.outside import Outside
from tests.simulation.world import FOREVER, Actor, ActorClock, Died

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet

BEATS_IN_A_LEASE: Final = 3


class Traits(Struct, frozen=True):
    """What a runner is like."""

    concurrency: int = 4
    poll: float = 0.5
    lease: float = 6
    until: Until = "stopped"
    queues: tuple[str, ...] = QUEUES
    most_hanging: int = 10
    shutdown: float = 1
    isolates: bool = False
    """Whether all that it runs has processes of its own."""


@final
class Process(Actor):
    """From its start to its death, its failure, or its end."""

    def __init__(self, world: "Fleet", number: int, traits: Traits) -> None:
        super().__init__(f"runner-{number}")
        self.is_runner = True
        self.runner: Final = RunnerId(numbered(number))
        self.clock: Final = ActorClock(world, world.tick - int(world.random.random() * 1_000 * SECOND))
        self.hung = False
        """Whether it does nothing any more, though its death lock is held."""
        self.traits: Final = traits
        self._world = world
        self._desk = Desk(
            *(Outside(world, self).as_store, self.clock, SeededDice(world.random), self.runner),
            *(
                Wanted(traits.queues, ADDRESSES),
                "processes" if traits.isolates else "threads",
                Span(int(traits.lease * SECOND)),
                traits.isolates,
            ),
        )
        self._watcher = Watcher(self._desk, system.place().boot_id)
        self.hands: Final = ScriptedHands(world, self)
        self._loop = run(_plan(self.runner, traits, world))
        self._stage: Literal["enrols", "runs", "resigns"] = "enrols"
        self._wish: Wish = Interrupt()
        self._until = 0
        """When its wait is over; 0: it doesn't wait."""

    @property
    @override
    def rests(self) -> bool:
        """Whether it only waits: then it notices afterwards that it was stopped."""
        return not self.acting and isinstance(self._wish, Wait)

    @property
    def wakes_at(self) -> int:
        """When it next has something to do."""
        if self.dead:
            return FOREVER
        until, halted_until = self._until, self.halted_until
        return halted_until if halted_until > until or self.hands.outbox or self.hands.stopping else until

    def step(self) -> None:
        """Do one thing: what the loop wishes, mostly."""
        self.acting = True
        try:
            self._step()
        except Died:
            self._world.bury(self, None)
        except (StoreTrouble, ReportsUnstored, HandlersHang) as error:
            self._fail(error)
        finally:
            self.acting = False

    def is_killed_by(self, jid: Xid | None) -> None:
        """Its process dies by the handler of a job; None: by one that nobody waits for any more."""
        self._world.bury(self, jid)

    def stop(self) -> None:
        """Ask it to stop: SIGTERM."""
        self._world.tell(self.name, "is asked to stop")
        self.hands.stop()

    def _step(self) -> None:
        match self._stage:
            case "enrols":
                self._world.tell(self.name, "enrols")
                self._desk.enrol()
                self._stage = "runs"
                self._go_on(None)
            case "runs":
                self._go_on(self._answer(self._wish))
            case "resigns":
                with suppress(StoreBusy):
                    self._desk.store.resign(self.runner)
                self._end("is at its end")
            case _:
                assert_never(self._stage)

    def _go_on(self, answer: Answer) -> None:
        """The loop's next wish; what it tells has no effect, and isn't waited for."""
        try:
            wish = self._loop.send(answer)
            while isinstance(wish, Tell):
                self._world.tell(self.name, wish.event)
                wish = self._loop.send(None)
        except StopIteration:
            self._stage, self._until = "resigns", 0
            return
        self._wish = wish
        self._until = self._world.tick + wish.at_most if isinstance(wish, Wait) else 0

    def _answer(self, wish: Wish) -> Answer:
        """As every driver does, except that nothing here waits."""
        if isinstance(wish, Turn):
            self._world.referee.reported(wish.reports, self)
        return perform(wish, self._desk, self.hands, self._watcher, self._listen)

    def _listen(self, event: RunnerEvent) -> None:
        if not isinstance(event, Happened):  # the referee tells what is committed
            self._world.tell(self.name, event)

    def _fail(self, error: Exception) -> None:
        """As JobRunner does: its signs of life end, so that others find that it is gone."""
        self._desk.store.let_go(self.runner)
        self._end("fails:", type(error).__name__)

    def _end(self, *how: str) -> None:
        self._world.tell(self.name, *how)
        self.dead = True
        self._world.forget(self)


def _plan(runner: RunnerId, traits: Traits, world: "Fleet") -> Plan:
    poll = Span(int(traits.poll * SECOND))
    return Plan(
        *(runner, traits.concurrency, poll, traits.until, Span(int(traits.shutdown * SECOND))),
        watch_interval=min(poll, Span(int(traits.lease * SECOND) // BEATS_IN_A_LEASE)),
        most_hanging=traits.most_hanging,
        first_rest=Span(int(poll * world.random.random())),
        graces=GRACES,
    )


def traits(world: "Fleet") -> Traits:
    """Those of another runner."""
    choice = world.random.choice
    return Traits(
        concurrency=choice((1, 2, 4)),
        poll=choice((0.5, 1.0, 2.0)),
        lease=choice((2, 3, 6)),
        until=choice(("stopped", "stopped", "stopped", "idle", "empty")),
        queues=choice((QUEUES, QUEUES, QUEUES, ("side",))),
        most_hanging=choice((1, 3)),
        shutdown=choice((0, 1, 3)),
        isolates=choice((False, False, False, True)),
    )
