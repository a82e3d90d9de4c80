"""Power cut: what a disk may hold after each write is opened by adc, and what was acknowledged is there.

python -m tests.faults.powercut [--states 200000] [--seed 0] [--processes 2] [--control off|lie] [--json FILE]
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Final, Literal, TypeAlias

import msgspec

import adc
from adc.stores.sqlite.verifying import verify_file
from tests.faults.counting import Counting, options
from tests.faults.day import ARCHIVE, DATABASE, KIND, Day, Log, Moment, log_of
from tests.faults.images import MODES, Disk, Image
from tests.faults.whence import memory

LENGTH: Final = 24
"""How many things are done in a day."""
MOST_WRONG: Final = 20
MOST_DAYS: Final = 10_000
Control: TypeAlias = Literal["", "off", "lie"]
"""What must be noticed: SQLite doesn't sync; the disk doesn't when it is told to."""


@dataclass
class Report:
    """What came of it, in figures, and what isn't as it must be."""

    states: int = 0
    distinct: int = 0
    days: int = 0
    migrations: int = 0
    deeds: int = 0
    done: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    """Events, the most of each day."""
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        for name in ("states", "distinct", "days", "migrations", "deeds", "acknowledged"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.done = dict(Counter(self.done) + Counter(other.done))
        self.wrong += other.wrong


@dataclass(frozen=True)
class Found:
    """What adc finds when it opens an image."""

    findings: tuple[str, ...]
    log: Log
    archived: Log


@dataclass
class Examiner:
    """Of one day."""

    place: Path
    seed: int
    control: Control
    report: Report = field(default_factory=Report)
    known: dict[bytes, Found] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def examine(self, most: int) -> Report:
        random = Random(self.seed)
        folder = self.place / "day"
        folder.mkdir()
        day = Day(folder, random, migrates=self.seed % 5 == 4, synchronous="OFF" if self.control == "off" else "")
        day.live(LENGTH)
        disk = Disk(lies=self.control == "lie")
        disk.begin(day.before, {DATABASE: 1})
        moments = day.moments
        last = 0
        for deeds, deed in enumerate(day.recording.deeds, 1):
            disk.follow(deed)
            while last + 1 < len(moments) and moments[last + 1].deeds <= deeds:
                last += 1
            following = moments[min(last + 1, len(moments) - 1)]
            for mode in MODES[: most - self.report.states]:
                where = f"deed {deeds} ({deed.what}), {mode}"
                self.judge(disk.image(mode, random), moments[last], following, where)
        self.report.days, self.report.migrations = 1, int(day.migrates)
        self.report.deeds, self.report.distinct = len(day.recording.deeds), len(self.known)
        self.report.done = dict(Counter(moment.what for moment in moments))
        self.report.acknowledged = max(len(moment.log) for moment in moments)
        return self.report

    def judge(self, image: Image, before: Moment, after: Moment, where: str) -> None:
        """Between two moments there may be what was at the first, or what was at the second, or something between."""
        self.report.states += 1
        key = blake2b(msgspec.msgpack.encode(sorted(image.items()))).digest()
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self.open(image)
        wrong = [*found.findings, *lost(found, before, after)]
        self.report.wrong += [f"seed {self.seed}, {where}, in {after.what}: {each}" for each in wrong[:3]]

    def open(self, image: Image) -> Found:
        folder = self.place / f"image{next(self.numbers)}"
        folder.mkdir()
        for name, content in image.items():
            (folder / name).write_bytes(content)
        path, archive = folder / DATABASE, folder / ARCHIVE
        try:
            with adc.SqliteQueue.open(path) as queue:
                findings = [f"{finding}" for finding in queue.verify()]
                log = log_of(path)
                queue.schedule(KIND.new("after"))
            archived: Log = {}
            if archive.exists() and archive.stat().st_size:
                with adc.SqliteQueue.open(archive):
                    findings += [f"archive: {finding}" for finding in verify_file(str(archive))]
                    archived = log_of(archive)
        except Exception as error:  # noqa: BLE001  it is told
            return Found((f"it can't be opened: {error!r}",), {}, {})
        finally:
            for each in folder.iterdir():
                each.unlink()
            folder.rmdir()
        return Found(tuple(findings), log, archived)


def lost(found: Found, before: Moment, after: Moment) -> Iterator[str]:
    """What is missing that was acknowledged, and what is there that nobody asked for."""
    if found.findings:
        return
    for seq, (digest, body) in before.log.items():
        there = found.log.get(seq)
        if there is None:
            if seq in after.log:
                yield f"event {seq} was acknowledged, and is lost"
            elif after.archived and found.archived.get(seq, (b"", 0))[0] != digest:
                yield f"event {seq} is neither in the log nor in the archive"
        elif there[0] != digest:
            yield f"event {seq} is another one"
        elif there[1] != body and there[1] != after.log.get(seq, (b"", 0))[1]:
            yield f"the body of event {seq} is {'back' if there[1] else 'lost'}"
    for seq, (digest, _) in found.log.items():
        if seq not in before.log and after.log.get(seq, (digest, 0))[0] != digest:
            yield f"event {seq} isn't what was written"


def examine(seed: int, control: Control = "", most: int = 1 << 30) -> Report:
    """All states of one day."""
    with tempfile.TemporaryDirectory(dir=memory()) as place:
        return Examiner(Path(place), seed, control).examine(most)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=200_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--control", choices=("", "off", "lie"), default="")
    options(parser)
    chosen = parser.parse_args()
    counting, report = Counting("powercut", chosen.seed), Report()
    with get_context("spawn").Pool(chosen.processes) as pool:
        for each in pool.imap(partial(examine, control=chosen.control), range(chosen.seed, chosen.seed + MOST_DAYS)):
            report.add(each)
            if report.states >= chosen.states or report.wrong:
                break
        pool.terminate()
    counting.count_report(asdict(report))
    counting.wrong(report.wrong)
    return counting.end(chosen.json, "--states 1, with the seed that it says")


if __name__ == "__main__":
    sys.exit(main())
