"""Kills: real producers and runners are killed, and runners stopped for longer than their lease; nothing is lost.

python -m tests.faults.kills [--kills 1000] [--stops 200] [--every 0.2] [--seed 0] [--json FILE] [--keep DIRECTORY]
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM
from typing import Final

from tests.faults.aftermath import Faults, Number, Report, Stop, judge
from tests.faults.counting import Counting, options
from tests.faults.forked import end, fork, lines_of
from tests.faults.victims import ACKNOWLEDGED, DATABASE, LEASE, produce, run, wait_until_empty

PRODUCERS: Final = 2
RUNNERS: Final = 4
"""Those that are awake: for one that is stopped another takes its place."""
FEW_RUNNERS: Final = 2
"""With fewer than that another one is started at once."""
AT_ONCE: Final = 0.25
"""How often that is so though there are more: one that starts looks for the dead at once; the others should too."""
MOST_STOPPED: Final = 4
STOPPED_FOR: Final = (1.5 * LEASE.total_seconds(), 4 * LEASE.total_seconds())
STOPPED_KILLED: Final = 0.1
PRODUCERS_REST: Final = 0.008
"""In seconds, after each job: or they would make more than all runners run."""
TELL_EVERY: Final = 5.0
PATIENCE: Final = 120.0
"""In seconds, for what is left when the faults are over."""
LONGEST_GOODBYE: Final = 20.0
MOST_WRONG: Final = 20
ERRORS: Final = "errors"
"""What they say on standard error: children of runners that are killed say much there."""
WRITE_LOCK: Final = 120
"""The byte of -shm that a writer locks."""


@dataclass
class Victim:
    """A process that may be killed."""

    number: Number
    pid: int
    is_runner: bool
    since: float
    stop: Stop | None = None
    """Since when it is stopped, and until when."""


@dataclass
class Supervisor:
    """Starts them, harms them and starts others in their place."""

    folder: Path
    random: Random
    every: float
    rest: float = PRODUCERS_REST
    mortal: bool = True
    """Whether there is poison for runners."""
    faults: Faults = field(default_factory=Faults)
    victims: list[Victim] = field(default_factory=list)
    numbers: Iterator[Number] = field(default_factory=count)
    begun: float = field(default_factory=time.monotonic)
    told: float = 0.0

    def harm(self, kills: int, stops: int) -> None:
        """Kill one of them each time, and stop a runner in between."""
        following = time.time()
        while (len(self.faults.killed) < kills or len(self.faults.stops) < stops) and not self.faults.wrong:
            self.fill_up(PRODUCERS)
            following += self.every
            while (left := following - time.time()) > 0:
                time.sleep(min(0.02, left))
                self.wake_up(time.time())
            killed, stopped = len(self.faults.killed), len(self.faults.stops)
            if stopped < stops and stopped * kills <= killed * stops:
                self.stop()
            if killed < kills:
                self.kill()
            self.reap()
            self.tell()

    def settle(self) -> None:
        """No more faults: those that are stopped go on, what there is runs, and all of them end."""
        self.wake_up(float("inf"))
        for victim in [each for each in self.victims if not each.is_runner]:
            self.kill(victim)
        watching, until = fork(lambda: wait_until_empty(self.folder)), time.monotonic() + PATIENCE
        try:
            while os.waitpid(watching, os.WNOHANG) == (0, 0) and time.monotonic() < until and not self.faults.wrong:
                self.reap()
                self.fill_up(producers=0)
                self.tell()
                time.sleep(0.05)
        finally:
            end(watching)
        self.dismiss()

    def dismiss(self) -> None:
        """Let the runners stop, as they should at once: nothing runs any more."""
        for victim in self.victims:
            os.kill(victim.pid, SIGTERM)
        until = time.monotonic() + LONGEST_GOODBYE
        while self.victims and time.monotonic() < until:
            time.sleep(0.01)
            self.reap(leaving=True)
        self.faults.wrong += [f"runner {each.number} doesn't stop" for each in self.victims]

    def fill_up(self, producers: int) -> None:
        """Start new ones in the place of those that died, or are stopped."""
        for _ in range(producers - sum(not each.is_runner for each in self.victims)):
            seed = self.random.randrange(1 << 32)
            self.start(partial(produce, self.folder, seed, self.rest, self.mortal), is_runner=False)
        for _ in range(RUNNERS - len(self.awake())):
            if len(self.awake()) >= FEW_RUNNERS and self.random.random() > AT_ONCE:
                continue
            self.start(partial(run, self.folder), is_runner=True)

    def start(self, body: Callable[[Number], object], *, is_runner: bool) -> None:
        number = next(self.numbers)
        pid = fork(lambda: body(number), self.folder / ERRORS)
        self.victims.append(Victim(number, pid, is_runner, time.time()))

    def awake(self) -> list[Victim]:
        return [each for each in self.victims if each.is_runner and each.stop is None]

    def kill(self, victim: Victim | None = None) -> None:
        """Any of them; of those that are stopped only some, since most shall wake up and find their jobs gone."""
        if victim is None:
            awake = [each for each in self.victims if each.stop is None or self.random.random() < STOPPED_KILLED]
            victim = self.random.choice(awake or self.victims)
        os.kill(victim.pid, SIGKILL)
        self.faults.killed[victim.number] = time.time()
        self.wait_for(victim, 0)

    def stop(self) -> None:
        """A runner that has had time to begin."""
        now = time.time()
        old = [each for each in self.awake() if now - each.since > 2 * self.every]
        if not old or sum(each.stop is not None for each in self.victims) >= MOST_STOPPED:
            return
        victim = self.random.choice(old)
        os.kill(victim.pid, SIGSTOP)
        if self.wait_for(victim, os.WUNTRACED):
            return  # it killed itself meanwhile
        until = now + self.random.uniform(*STOPPED_FOR)
        victim.stop = Stop(victim.number, now, until, is_writing(victim.pid, self.folder))
        self.faults.stops.append(victim.stop)

    def wake_up(self, now: float) -> None:
        """Those that have been stopped for long enough."""
        for victim in self.victims:
            if victim.stop is not None and victim.stop.until <= now:
                victim.stop.until = time.time()
                victim.stop = None
                os.kill(victim.pid, SIGCONT)

    def reap(self, *, leaving: bool = False) -> None:
        """See who has come to an end by itself."""
        for victim in tuple(self.victims):
            self.wait_for(victim, os.WNOHANG, leaving=leaving)

    def wait_for(self, victim: Victim, options: int, *, leaving: bool = False) -> bool:
        """Whether it has come to its end."""
        found, status = os.waitpid(victim.pid, options)
        if not found or os.WIFSTOPPED(status):
            return False
        self.victims.remove(victim)
        if victim.stop is not None:
            victim.stop.until = time.time()
        code = os.waitstatus_to_exitcode(status)
        if victim.number in self.faults.killed or (leaving and code == 0):
            return True
        if code == -SIGKILL:
            self.faults.poisoned.add(victim.number)
        else:
            self.faults.wrong.append(f"process {victim.number} ended by itself, with {code}")
        return True

    def tell(self) -> None:
        """Where it stands, now and then."""
        now = time.monotonic() - self.begun
        if now - self.told >= TELL_EVERY:
            self.told = now
            print(
                f"{now:.0f} s: {len(self.faults.killed)} kills, {len(self.faults.stops)} stops, "
                f"{len(self.faults.poisoned)} poisoned, {len(lines_of(self.folder / ACKNOWLEDGED))} jobs acknowledged",
                flush=True,
            )


def is_writing(pid: int, folder: Path) -> bool:
    """Whether a process that is stopped is in the middle of a write transaction: nobody can write before it goes on."""
    inode = (folder / f"{DATABASE}-shm").stat().st_ino
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if "->" not in words and words[3:5] == ["WRITE", str(pid)] and words[5].endswith(f":{inode}"):
            first, last = words[6:8]
            if int(first) <= WRITE_LOCK and (last == "EOF" or WRITE_LOCK <= int(last)):
                return True
    return False


def told_of(report: Report) -> Iterator[str]:
    """The figures, for people."""
    yield f"{report.kills} kills, {report.poisoned} deaths by poison"
    yield f"{report.stops} stops, {report.stopped_writing} of them in a write transaction"
    yield f"{report.acknowledged} acknowledged of {report.jobs} jobs: " + listed(report.ends)
    yield f"{report.executions} executions of {report.attempts} attempts; {report.events} events"
    yield "crashes: " + listed(report.crashes) + f"; live runners' jobs: {report.taken_for_gone}"
    yield "told by runners: " + listed(report.told)
    yield "from a kill to the rescue, in seconds: " + listed(report.rescues)
    yield "from a stop to the rescue, in seconds: " + listed(report.notices)


def listed(counts: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--stops", type=int, default=200)
    parser.add_argument("--every", type=float, default=0.2)
    options(parser)
    parser.add_argument("--keep", type=Path, help="a directory for the file and all notes")
    chosen = parser.parse_args()
    counting = Counting("kills", chosen.seed)
    if chosen.keep is not None:
        chosen.keep.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        supervisor = Supervisor(chosen.keep or Path(folder), Random(chosen.seed), chosen.every)
        try:
            supervisor.harm(chosen.kills, chosen.stops)
            supervisor.settle()
        finally:
            for victim in supervisor.victims:
                end(victim.pid)
        report = judge(supervisor.folder, supervisor.faults)
        errors = (supervisor.folder / ERRORS).read_text().splitlines()
    print(*told_of(report), sep="\n")
    counting.count_report({"kills": report.kills, "stops": report.stops} | asdict(report))
    counting.wrong(report.wrong)
    if report.wrong:
        print("the last errors:", *errors[-MOST_WRONG:], sep="\n")
    again = f"--kills {chosen.kills} --stops {chosen.stops} --every {chosen.every}"
    return counting.end(chosen.json, again, figures=False)


if __name__ == "__main__":
    sys.exit(main())
