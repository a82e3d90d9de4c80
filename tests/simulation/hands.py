"""Hands: attempts as a script has them, which end by the world's clocks."""

from typing import TYPE_CHECKING, final

from adc.core.ids import Xid
from adc.core.instants import Span
from adc.core.terms import Token
from adc.handling.job import Held
from adc.handling.said import GivenBack, Report, Said
from adc.running.wishes import Woken
from tests.simulation.natures import End, Nature

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet
    from tests.simulation.process import Process


class Running:
    """One attempt."""

    def __init__(self, held: Held, nature: Nature, end: End) -> None:
        self.held = held
        self.nature = nature
        self.end = end
        self.over = False
        self.abandoned = False


@final
class ScriptedHands:
    """Those of one process. An attempt that doesn't heed runs on as a thread does, though it was abandoned."""

    def __init__(self, world: "Fleet", process: "Process") -> None:
        self._world = world
        self._process = process
        self._running: list[Running] = []
        self.outbox: list[Report] = []
        self.stopping = False

    def launch(self, held: Held) -> None:
        world, process = self._world, self._process
        world.referee.launched(held.jid, held.state.token)
        nature = world.referee.nature_of(held.jid)
        attempt = held.state.token.attempt
        end = nature.end(world.random, attempt, calm=world.is_calm, isolated=process.traits.isolates)
        running = Running(held, nature, end)
        self._running.append(running)
        length = world.span(0, 0.05 if world.is_calm else nature.slow)
        if running.end != "hangs":
            world.happen(length, process, lambda: self._end(running))

    def interrupt(self) -> None:
        for running in self._running:
            self._ask(running, "shutdown")

    def cancel(self, jid: Xid, token: Token) -> None:
        for running in self._running:
            if (running.held.jid, running.held.state.token) == (jid, token):
                self._ask(running, "cancelled")

    def abandon(self, jid: Xid, token: Token) -> None:
        for running in self._running:
            if (running.held.jid, running.held.state.token) == (jid, token):
                running.abandoned = True
                running.over = running.over or running.nature.heeds

    def stop(self) -> None:
        self.stopping = True

    def close(self) -> None:
        """The process is over, and so is all that it ran."""

    def wait(self, at_most: Span, /) -> Woken:
        """What there is: the world has waited."""
        reports, self.outbox = tuple(self.outbox), []
        self._running = [each for each in self._running if not each.over]
        hanging = sum(each.abandoned for each in self._running)
        return Woken(reports, Span(self._process.clock.tick()), self.stopping, hanging)

    def _ask(self, running: Running, why: str) -> None:
        """Tell it to come to its end: some do, a little later, if they aren't faster."""
        if running.nature.heeds and not running.abandoned:
            self._world.happen(self._world.span(0, 0.02), self._process, lambda: self._say(running, GivenBack(why)))

    def _end(self, running: Running) -> None:
        if running.over:
            return
        if running.end == "kills":
            self._process.is_killed_by(None if running.abandoned else running.held.jid)
        elif running.end != "hangs":
            self._say(running, running.end)

    def _say(self, running: Running, said: Said) -> None:
        if running.over:
            return
        running.over = True
        report = Report(running.held.jid, running.held.state.token, said)
        self._world.referee.said(report)
        self.outbox.append(report)
