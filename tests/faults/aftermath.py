"""Aftermath: what must hold when the faults are over, by the log, by what was acknowledged and by what ran."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import adc
from adc.core.database import AnyEvent
from adc.core.events import JobCancelled, JobCrashed, JobDied, JobDone, JobScheduled, JobStarted
from adc.core.ids import DATABASE as HISTORY_OF_ALL
from adc.core.transition import Recorded
from tests.faults.forked import lines_of
from tests.faults.victims import (
    ACKNOWLEDGED,
    ARCHIVE,
    CHILD_POISON,
    DATABASE,
    HOPELESS,
    POISON,
    POLL,
    RAN,
    TOLD,
    UNWANTED,
)

LONGEST_RESCUE: Final = 2.0 + POLL.total_seconds()
"""In seconds, from the death of a runner to the moment at which its jobs may run again."""
NOTICED: Final = 0.5
"""In seconds: who takes jobs so long after their runner's death knows of it."""
PAGE: Final = 5_000
MICRO: Final = 1_000_000
REASONS: Final = {HOPELESS.name: "Permanent", POISON.name: "Poison", CHILD_POISON.name: "Poison"}
"""Whose handlers bring death on themselves, and which."""

Number: TypeAlias = int
"""Of a process: they are counted, since the system uses its own numbers again."""


@dataclass
class Stop:
    """A runner was stopped, and woken up or killed."""

    number: Number
    since: float
    until: float
    writing: bool
    """Whether it was in the middle of a write transaction. Then nobody can write, nor rescue, until it is woken up."""


@dataclass
class Faults:
    """What was done to the processes, by the clock that the log has."""

    killed: dict[Number, float] = field(default_factory=dict)
    poisoned: set[Number] = field(default_factory=set)
    """Killed by a handler of theirs."""
    stops: list[Stop] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def blocked(self, since: float, until: float) -> float:
        """For how long of this time nobody could write."""
        held = sorted((max(each.since, since), min(each.until, until)) for each in self.stops if each.writing)
        total, reached = 0.0, since
        for begin, end in held:
            total += max(0.0, end - max(begin, reached))
            reached = max(reached, end)
        return total


@dataclass
class Life:
    """One job, as the log tells it."""

    kind: str
    started: int = 0
    ended: str = ""
    wrong: list[str] = field(default_factory=list)

    def take(self, event: AnyEvent) -> None:
        if self.ended:
            self.wrong.append(f"{type(event).__name__} after {self.ended}")
        match event:
            case JobStarted(attempt=attempt):
                if attempt != self.started + 1:
                    self.wrong.append(f"attempt {attempt} after attempt {self.started}")
                self.started = attempt
            case JobDone(attempt=attempt):
                self.ended = "JobDone"
                if attempt != self.started:
                    self.wrong.append(f"attempt {attempt} completed it while {self.started} had it")
            case JobDied(reason=reason):
                self.ended = f"JobDied ({reason})"
                if REASONS.get(self.kind) != reason:
                    self.wrong.append(f"a {self.kind} job died: {reason}")
            case JobCancelled():
                self.ended = "JobCancelled"
                if self.kind != UNWANTED.name:
                    self.wrong.append(f"a {self.kind} job was cancelled")
            case JobCrashed(because=because):
                if because.startswith("signal") and self.kind != CHILD_POISON.name:
                    self.wrong.append(f"the process of a {self.kind} job died by {because}")
            case _:
                pass


@dataclass
class Report:
    """What came of it, in figures, and what isn't as it must be."""

    acknowledged: int = 0
    jobs: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    events: int = 0
    attempts: int = 0
    executions: int = 0
    crashes: dict[str, int] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    poisoned: int = 0
    stops: int = 0
    stopped_writing: int = 0
    taken_for_gone: int = 0
    """Live runners whose jobs others took, since their loop was held up for longer than their lease."""
    rescues: dict[str, float] = field(default_factory=dict)
    """In seconds, from the kill of a runner to the moment at which its jobs could run again, less the time in which a
    stopped process had the file's write lock."""
    notices: dict[str, float] = field(default_factory=dict)
    """The same for runners that were stopped."""
    wrong: list[str] = field(default_factory=list)


def judge(folder: Path, faults: Faults) -> Report:
    """Read all of it."""
    report = Report(
        kills=len(faults.killed),
        poisoned=len(faults.poisoned),
        stops=len(faults.stops),
        stopped_writing=sum(each.writing for each in faults.stops),
        wrong=[*faults.wrong],
    )
    files = [folder / name for name in (ARCHIVE, DATABASE) if (folder / name).exists()]
    for file in files:
        with adc.SqliteQueue.open(file) as queue:
            report.wrong += [f"verify of {file.name}: {finding}" for finding in queue.verify()]
            report.wrong += [f"runner {row.runner} is still on the roll" for row in queue.runners()]
    log = Log(files)
    lives = lives_of(log)
    judge_lives(report, lives, folder)
    judge_executions(report, log, folder)
    judge_crashes(report, log, folder, faults)
    told = lines_of(folder / TOLD)
    report.wrong += [f"job {words[2]} couldn't be read" for words in told if words[1] == "JobUnreadable"]
    report.events, report.told = sum(1 for _ in log), dict(Counter(words[1] for words in told))
    return report


@dataclass
class Log:
    """The histories of jobs in all of the files, read anew each time: a long run has more than memory has room for."""

    files: list[Path]

    def __iter__(self) -> Iterator[Recorded[AnyEvent]]:
        for file in self.files:
            with adc.SqliteQueue.open(file) as queue:
                after = 0
                while page := queue.store.events(after, PAGE):
                    for each in page:
                        assert isinstance(each, Recorded), each
                        if each.jid != HISTORY_OF_ALL:
                            yield each
                    after = page[-1].seq


def lives_of(log: Iterable[Recorded[AnyEvent]]) -> dict[str, Life]:
    lives: dict[str, Life] = {}
    for each in log:
        if isinstance(each.event, JobScheduled):
            lives[each.jid] = Life(each.event.terms.kind)
        else:
            lives[each.jid].take(each.event)
    return lives


def judge_lives(report: Report, lives: dict[str, Life], folder: Path) -> None:
    """Each job that a producer knows of is there; each job has ended, once, as its handler wanted."""
    acknowledged = [words[0] for words in lines_of(folder / ACKNOWLEDGED)]
    report.acknowledged, report.jobs = len(acknowledged), len(lives)
    report.ends = dict(Counter(life.ended for life in lives.values()))
    report.wrong += [f"job {jid} was acknowledged, and is lost" for jid in acknowledged if jid not in lives]
    report.wrong += [f"job {jid}: {each}" for jid, life in lives.items() for each in life.wrong]
    report.wrong += [f"job {jid} has not ended" for jid, life in lives.items() if not life.ended]


def judge_executions(report: Report, log: Iterable[Recorded[AnyEvent]], folder: Path) -> None:
    """Handlers ran for claims in the log, once for each of them at most."""
    started = {(each.jid, str(each.event.attempt)) for each in log if isinstance(each.event, JobStarted)}
    ran = Counter((jid, attempt) for jid, attempt, _ in lines_of(folder / RAN))
    report.attempts, report.executions = len(started), ran.total()
    report.wrong += [f"attempt {which} ran {times} times" for which, times in ran.items() if times > 1]
    report.wrong += [f"attempt {which} ran, and nobody had claimed it" for which in ran.keys() - started]


def judge_crashes(report: Report, log: Iterable[Recorded[AnyEvent]], folder: Path, faults: Faults) -> None:
    """Only what held by those that died, or were stopped, was taken from them; and in time."""
    numbers = {words[2]: int(words[0]) for words in lines_of(folder / TOLD) if words[1] == "RunnerStarted"}
    stopped = defaultdict[Number, list[Stop]](list)
    for stop in faults.stops:
        stopped[stop.number].append(stop)
    holders: dict[str, str] = {}
    rescues, notices, crashes = list[float](), list[float](), Counter[str]()
    for each in log:
        match each.event:
            case JobStarted(runner=runner):
                holders[each.jid] = runner
            case JobCrashed(at=moment, because=because):
                crashes[because] += 1
                number, at = numbers.get(holders[each.jid], -1), moment / MICRO
                stops = [stop for stop in stopped[number] if stop.since <= at]
                if because == "silent" and faults.killed.get(number, at) < at - NOTICED:
                    report.wrong.append(f"the death of runner {number} wasn't noticed, only its silence")
                if because == "died" and number in faults.killed:
                    killed = faults.killed[number]
                    rescues.append(at - killed - faults.blocked(killed, at))
                elif because == "silent" and stops:
                    notices.append(at - stops[-1].since - faults.blocked(stops[-1].since, at))
                elif because == "silent":
                    report.taken_for_gone += 1
                elif because in ("died", "rebooted", "unlisted") and number not in faults.poisoned:
                    report.wrong.append(f"job {each.jid} was taken from a runner that lived: {because}")
            case _:
                pass
    report.crashes, report.rescues, report.notices = dict(crashes), figures(rescues), figures(notices)
    late = sum(each > LONGEST_RESCUE for each in rescues)
    if late:
        report.wrong.append(f"{late} of {len(rescues)} rescues took longer than {LONGEST_RESCUE} s")


def figures(seconds: list[float]) -> dict[str, float]:
    """How many, the median, the 99th hundredth and the longest."""
    ordered = sorted(seconds) or [0.0]
    at = {"p50": len(ordered) // 2, "p99": int(len(ordered) * 0.99), "max": len(ordered) - 1}
    return {"count": float(len(seconds)), **{name: round(ordered[place], 3) for name, place in at.items()}}
