"""Pollers: who claims by hand, one job at a time: they report, late or twice perhaps, or die with the job in hand."""

from collections.abc import Callable
from typing import Final, final

from typing_extensions import TypeVar

from adc.claimed import Claimed, Poller
from adc.core.ids import RunnerId
from adc.core.instants import SECOND
from adc.core.outcome import Failure
from adc.core.terms import Token
from adc.handling.notdone import Transient
from adc.handling.said import Finished, Report, said_of
from adc.ports.trouble import OutcomeUnknown, StoreBusy
from adc.testing.world import SeededDice, numbered
from tests.simulation.fleet import Fleet
from tests.simulation.natures import KINDS, QUEUES
from tests.simulation.outside import Outside
from tests.simulation.world import Actor, ActorClock, Died

T = TypeVar("T")
WHY: Final = Transient("by hand")


@final
class ByHand(Actor):
    """A process that polls."""

    def __init__(self, world: Fleet, horizon: int) -> None:
        number = world.next_number()
        super().__init__(f"poller-{number}")
        self.is_runner = True
        self.runner = RunnerId(numbered(number))
        self._world = world
        self._clock = ActorClock(world, 0)
        self._store = Outside(world, self)
        self._poller = Poller(self._store.as_store, self._clock, SeededDice(world.random), self.runner)
        self._holding = False
        self._horizon = world.tick + horizon
        world.happen(world.span(0, horizon / SECOND), self, self._poll)

    def settle(self) -> None:
        """Nobody waits for what it holds for ever. If it holds nothing that it knows of, it polls on."""
        if self._holding:
            self.end()
        else:
            self._world.happen(0, self, self._poll)

    def end(self) -> None:
        """Its process is at its end."""
        if not self.dead:
            self.dead = True
            self._world.tell(self.name, "dies")
        self._store.let_go(self.runner)

    def _poll(self) -> None:
        if self.acting or self._holding:
            return
        kind, queue = self._world.random.choice(KINDS), self._world.random.choice(QUEUES)
        claimed = self._do(lambda: self._poller.next(kind, queue, self._clock.now()))
        if isinstance(claimed, Claimed):
            self._holding = True
            self._world.referee.launched(claimed.job.jid, Token(claimed.job.attempt, self.runner))
            self._world.tell(self.name, "holds", claimed.job.jid)
            self._world.happen(self._world.span(0, 3), self, lambda: self._go_on(claimed))
        elif not self.dead and (self._world.is_calm or self._world.tick < self._horizon):
            self._world.happen(self._world.span(0.2, 2), self, self._poll)

    def _go_on(self, claimed: Claimed[int, str]) -> None:
        """Report; or hold it for longer, or let the process die, or lose its lock and report all the same."""
        roll = self._world.random.random()
        if self._world.is_calm or roll < 0.6:
            self._report(claimed, is_done=self._world.chance(0.7), again=0)
        elif roll < 0.75:
            self.end()
        elif roll < 0.9:
            self._world.tell(self.name, "loses its death lock")
            self._store.let_go(self.runner)
            self._world.happen(self._world.span(0, 5), self, lambda: self._go_on(claimed))

    def _do(self, deed: Callable[[], T]) -> T | None:
        """What came of it; None: that isn't known, or it is dead."""
        self.acting = True
        try:
            return deed()
        except (StoreBusy, OutcomeUnknown) as trouble:
            self._world.tell(self.name, "meets", type(trouble).__name__)
        except Died:
            self.end()
        finally:
            self.acting = False
        return None

    def _report(self, claimed: Claimed[int, str], *, is_done: bool, again: int) -> None:
        jid, token = claimed.job.jid, Token(claimed.job.attempt, self.runner)
        if self.acting:
            self._world.happen(
                self._world.until_free(self), self, lambda: self._report(claimed, is_done=is_done, again=again)
            )
            return
        said = Finished(b'"%d"' % token.attempt) if is_done else said_of(WHY)
        report = Report(jid, token, said)
        self._world.referee.said(report)
        self._world.referee.reported((report,))
        outcome = self._do(lambda: claimed.complete(str(token.attempt)) if is_done else claimed.fail(WHY))
        if outcome is None and not self.dead:  # it doesn't know what came of it
            self._world.happen(
                self._world.span(0, 1), self, lambda: self._report(claimed, is_done=is_done, again=again + 1)
            )
            return
        if isinstance(outcome, Failure) and is_done:
            self._world.referee.denied(jid, token)
        self._holding = False
        self._world.happen(self._world.span(0, 1), self, self._poll)
