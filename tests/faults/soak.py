"""Soak: half of what a machine can do, for long, with kills and prunes: nothing is lost, and nothing grows.

python -m tests.faults.soak [--minutes 3 | --hours 8] [--seed 0] [--json FILE] [--keep DIRECTORY]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from typing_extensions import override

import adc
from tests.faults.aftermath import Number, judge
from tests.faults.counting import Counting, options
from tests.faults.forked import end, fork, lines_of
from tests.faults.herd import LONGEST_WAIT
from tests.faults.kills import ERRORS, Supervisor, Victim, told_of
from tests.faults.victims import ACKNOWLEDGED, ARCHIVE, DATABASE

PRODUCERS: Final = 4
SPARED: Final = 2
"""Runners that live as long as the producers: from the first moment to the last."""
REST: Final = 0.02
"""In seconds, after each job: 16 places, in which a job takes 43 ms, run twice as many as are made."""
KILL_EVERY: Final = 7.0
PRUNE_EVERY: Final = 20.0
OLD: Final = timedelta(seconds=5)
LOOK_EVERY: Final = 0.25
TELL_EVERY: Final = 30.0
LARGEST_WAL: Final = 64 << 20
MOST_GROWTH: Final = 8 << 20
"""Bytes of memory of its own by which a process may be larger in the last third than in the middle one; however long
the run is, so that a long one shows a small slope."""
MOST_DESCRIPTORS: Final = 2
"""More in the last third: a child process that is about to end has some."""


class Sample(NamedTuple):
    """What a process has at one moment."""

    at: float
    memory: int
    descriptors: int


@dataclass
class Soak(Supervisor):
    """Harms a runner now and then, prunes now and then, and looks at all of them in between."""

    samples: defaultdict[Number, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    largest_wal: int = 0
    pruner: int = 0
    prunes: int = 0
    syncs: list[float] = field(default_factory=list)
    """How long the disk took for a page of another file: what a write waits for that adc can't help."""

    def go(self, seconds: float) -> None:
        """All of it, but for the end."""
        began = time.monotonic()
        kill_at, prune_at = began + KILL_EVERY / 2, began + min(PRUNE_EVERY, seconds / 3)
        while (now := time.monotonic()) < began + seconds and not self.faults.wrong:
            self.fill_up(PRODUCERS)
            self.look(now)
            if now >= kill_at:
                kill_at = now + self.random.uniform(0.5, 1.5) * KILL_EVERY
                self.kill_a_runner()
            if now >= prune_at and not self.pruner:
                prune_at = now + PRUNE_EVERY
                self.pruner = fork(lambda: prune(self.folder), self.folder / ERRORS)
            self.reap()
            self.reap_pruner(os.WNOHANG)
            self.tell()
            time.sleep(LOOK_EVERY)
        self.reap_pruner(0)

    @property
    def spared(self) -> set[Number]:
        """Those that nobody kills: producers, and the first runners."""
        runners = sorted(each.number for each in self.victims if each.is_runner)
        return {each.number for each in self.victims if not each.is_runner} | set(runners[:SPARED])

    def kill_a_runner(self) -> None:
        spared = self.spared
        mortal = [each for each in self.victims if each.number not in spared]
        if mortal:
            self.kill(self.random.choice(mortal))

    def look(self, now: float) -> None:
        wal = self.folder / f"{DATABASE}-wal"
        self.largest_wal = max(self.largest_wal, wal.stat().st_size if wal.exists() else 0)
        self.syncs.append(sync_seconds(self.folder / "page"))
        spared = self.spared
        for each in self.victims:
            if each.number in spared:
                self.samples[each.number].append(sample(each, now))

    def reap_pruner(self, options: int) -> None:
        if self.pruner:
            found, status = os.waitpid(self.pruner, options)
            if found:
                self.pruner, self.prunes = 0, self.prunes + 1
                if code := os.waitstatus_to_exitcode(status):
                    self.faults.wrong.append(f"a prune ended with {code}")

    @override
    def tell(self) -> None:
        now = time.monotonic() - self.begun
        if now - self.told >= TELL_EVERY:
            self.told = now
            wal = self.largest_wal / (1 << 20)
            print(f"{now:.0f} s: {len(self.faults.killed)} kills, {self.prunes} prunes, -wal {wal:.1f} MB", flush=True)


def sync_seconds(path: Path) -> float:
    began = time.monotonic()
    with path.open("wb", buffering=0) as file:
        file.write(bytes(4096))
        os.fdatasync(file.fileno())
    return time.monotonic() - began


def sample(victim: Victim, now: float) -> Sample:
    """Memory is what it has of its own: pages of the file that it sees are the system's."""
    status = Path(f"/proc/{victim.pid}/status").read_text()
    (kilobytes,) = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")] or ["0"]
    return Sample(now, int(kilobytes) << 10, sum(1 for _ in Path(f"/proc/{victim.pid}/fd").iterdir()))


def prune(folder: Path) -> None:
    """What has been over for a few seconds goes to the archive."""
    with adc.SqliteQueue.open(folder / DATABASE) as queue:
        queue.prune(done_before=datetime.now(UTC) - OLD, archive=folder / ARCHIVE)


@dataclass
class Growth:
    """By how much processes that lived all the time are larger in the last third of it than in the middle one."""

    processes: int = 0
    memory: int = 0
    """Bytes, of the one that grew most."""
    slope: float = 0.0
    """Of that, in kB a minute."""
    descriptors: int = 0
    """The same: of the least that each had, since some come and go with child processes."""


def growth_of(samples: Sequence[Sequence[Sample]]) -> Growth:
    """Of those that lived for most of the time; the first third is for what every process needs to begin with."""
    growth, longest = Growth(), max(map(len, samples), default=0)
    for each in (each for each in samples if len(each) > 0.9 * longest):
        third = len(each) // 3
        middle, last = each[third : 2 * third], each[-third:]
        if not middle:
            continue
        grown = round(statistics.median(one.memory for one in last) - statistics.median(one.memory for one in middle))
        growth.processes += 1
        if growth.processes == 1 or grown > growth.memory:
            growth.memory = grown
            growth.slope = round(grown / 1024 / ((last[0].at - middle[0].at) / 60), 1)
        more = min(one.descriptors for one in last) - min(one.descriptors for one in middle)
        growth.descriptors = max(growth.descriptors, more)
    return growth


def judge_soak(soak: Soak, counting: Counting, seconds: float, *, short: bool) -> None:
    """A short run says nothing of what grows, and of how long a thousandth of the writes take."""
    report = judge(soak.folder, soak.faults)
    print(*told_of(report), sep="\n")
    counting.count_report(asdict(report))
    counting.wrong(report.wrong)
    growth = growth_of(list(soak.samples.values()))
    waits = sorted(int(words[2]) / 1e6 for words in lines_of(soak.folder / ACKNOWLEDGED)) or [0.0]
    most = waits[int(len(waits) * 0.999)]
    counting.count_all(
        {
            "jobs a second": round(len(waits) / seconds, 1),
            "prunes": soak.prunes,
            "largest -wal in MB": round(soak.largest_wal / (1 << 20), 1),
            "processes of all the time": growth.processes,
            "most growth of memory in kB": growth.memory >> 10,
            "in kB a minute": growth.slope,
            "more descriptors": growth.descriptors,
            "p50 of a write in ms": round(1e3 * waits[len(waits) // 2], 1),
            "p99.9 of a write in ms": round(1e3 * most, 1),
            "longest write in ms": round(1e3 * waits[-1], 1),
            "longest sync of another file in ms": round(1e3 * max(soak.syncs), 1),
        }
    )
    limits = {"nothing was pruned": soak.prunes > 0 and (soak.folder / ARCHIVE).exists()}
    limits |= (
        {}
        if short
        else {
            f"the -wal grew to {soak.largest_wal} bytes": soak.largest_wal < LARGEST_WAL,
            f"only {growth.processes} processes lived all the time": growth.processes == PRODUCERS + SPARED,
            f"the memory of a process grew by {growth.memory} bytes": growth.memory < MOST_GROWTH,
            f"a process has {growth.descriptors} descriptors more": growth.descriptors <= MOST_DESCRIPTORS,
            f"p99.9 of the writes took {most:.3f} s": most < LONGEST_WAIT + max(soak.syncs),
        }
    )
    counting.wrong(problem for problem, holds in limits.items() if not holds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--hours", type=float, default=0.0, help="instead of minutes; each takes 0.8 GB of disk")
    parser.add_argument("--short", action="store_true", help="without judging growth and waits")
    parser.add_argument("--keep", type=Path, help="a directory for the file and all notes")
    options(parser)
    chosen = parser.parse_args()
    counting, seconds = Counting("soak", chosen.seed), 60 * (60 * chosen.hours or chosen.minutes)
    if chosen.keep is not None:
        chosen.keep.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(chosen.keep or Path(folder), Random(chosen.seed), KILL_EVERY, REST, mortal=False)
        try:
            soak.go(seconds)
            soak.settle()
        finally:
            for pid in (*(each.pid for each in soak.victims), soak.pruner):
                if pid:
                    end(pid)
        judge_soak(soak, counting, seconds, short=chosen.short)
        if counting.violations:
            print("the last errors:", *(soak.folder / ERRORS).read_text().splitlines()[-20:], sep="\n")
    print(*(f"{name} {value:g}" for name, value in list(counting.counters.items())[-11:]), sep=", ")
    return counting.end(chosen.json, f"--minutes {seconds / 60:g}", figures=False)


if __name__ == "__main__":
    sys.exit(main())
