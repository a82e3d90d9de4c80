"""Fleet: the world with its runners, which die and are started anew, and the faults that come by the clock."""

from typing import Final, final

from msgspec.structs import replace

from adc.core.ids import Xid
from adc.core.instants import SECOND
from tests.simulation.process import Process, Traits, traits
from tests.simulation.world import World

EARLIER: Final = "an earlier start of the machine"


@final
class Fleet(World):
    """Its runners are `processes`; the dead aren't among them."""

    processes: list[Process]
    is_calm = False
    numbered = 0
    wanted = 0
    """How many runners there should be."""

    def populate(self, horizon: int) -> None:
        """Start the first runners, and draw when which fault comes."""
        self.processes = []
        self.wanted = self.random.choice((3, 3, 4, 5))
        for _ in range(self.wanted):
            self.happen(self.span(0, 2), None, self.start)
        for _ in range(self.weather.storms):
            self.happen(self.span(0, horizon / SECOND), None, self._storm)

    def next_number(self) -> int:
        """Of a runner, or of whoever polls."""
        self.numbered += 1
        return self.numbered

    def start(self) -> None:
        """Start another runner."""
        if not self.is_calm:
            self._join(Process(self, self.next_number(), traits(self)))

    def start_reliable(self) -> Process:
        """Start one that takes whatever there is."""
        process = Process(self, self.next_number(), Traits())
        self._join(process)
        return process

    def bury(self, process: Process, killer: Xid | None) -> None:
        """Its process is dead, perhaps by the handler of a job; or it hangs, with its death lock held."""
        if process not in self.processes:
            return
        process.dead = True
        self.referee.died(process.runner, killer)
        if killer is None and self.chance(self.weather.hung):
            self.tell(process.name, "hangs")
        else:
            self.tell(process.name, "dies")
            self.store.let_go(process.runner)
            self.referee.freed(process.runner)
        self.forget(process)

    def forget(self, process: Process) -> None:
        """It does nothing any more; some time later there is another one."""
        self.processes.remove(process)
        self.runners.remove(process)
        if len(self.processes) < self.wanted:
            self.happen(self.span(0.1, 3), None, self.start)

    def _join(self, process: Process) -> None:
        self.processes.append(process)
        self.runners.append(process)

    def _storm(self) -> None:
        if self.is_calm:
            return
        roll = self.random.random()
        if roll < 0.25:
            self.jump(self.random.choice((-1, 1)) * self.span(1, 86_400))
        elif roll < 0.4:
            self.pause(self.span(0.5, 40))
        elif roll < 0.45:
            self._reboot()
        elif self.processes:
            process = self.random.choice(self.processes)
            if roll < 0.7:
                self.halt(process, self.span(0.2, 12))
            elif roll < 0.9:
                self.bury(process, None)
            else:
                process.stop()

    def _reboot(self) -> None:
        """All processes are gone; what they left on the roll is of an earlier start."""
        self.tell("world", "is booted anew")
        for process in tuple(self.processes):
            process.dead = True
            self.forget(process)
        for enrolled in self.store.roll():
            runner = enrolled.enrolment.runner
            self.store.enrol(replace(enrolled.enrolment, boot_id=EARLIER))
            self.store.let_go(runner)
            self.referee.rebooted(runner)
