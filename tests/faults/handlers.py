"""Handlers: whatever a handler does, in whichever form and driver, is one failed attempt at most; all others run.

python -m tests.faults.handlers [--seed 0] [--json FILE] [--programs NAME ...]

Each program is a runner in a process of its own, on a real file: the bad among a crowd of the good.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, Literal, TypeAlias

import msgspec

import adc
from adc.core.events import JobScheduled
from adc.core.transition import Recorded
from tests.drivers import acts
from tests.faults.counting import Counting, options
from tests.faults.forked import exit_code, fork, within
from tests.faults.whence import memory

Driver: TypeAlias = Literal["threads", "inline", "processes"]
History: TypeAlias = tuple[str, ...]
"""The events of a job behind its JobScheduled."""

DONE: Final = ("JobStarted", "JobDone")
FAILED: Final = ("JobStarted", "JobDied")
"""With no retries: one attempt, recorded as failed."""
CRASHED: Final = ("JobStarted", "JobCrashed", "JobStarted", "JobCrashed", "JobDied")
"""Twice, and then it is poison."""
SNOOZED: Final = ("JobStarted", "JobSnoozed")
GOOD: Final = 4
"""So many good jobs for each bad one."""
DRIVERS: Final[tuple[Driver, ...]] = ("threads", "inline", "processes")
MOST_RUNS: Final = 5
LIMIT: Final = 60
"""In seconds, for each process."""
LOUD: Final = 7
"""The exit code of a runner that StorageLocksLost stopped."""
GRAVE: Final = "grave"

ENDS: Final[dict[str, History]] = {
    "answer": DONE,
    "snooze": SNOOZED,
    **dict.fromkeys(
        (
            *("give up", "fail", "exit", "interrupt", "close", "cancel", "group", "group of all", "recurse"),
            *("run out of memory", "mumble", "stay as it is", "overflow", "overflow by far"),
            *("answer with an object", "answer with a number"),
        ),
        FAILED,
    ),
}
"""By what a handler does in the end: raises, or gives."""
FORMS: Final = ("raising", "asynchronously", "by_steps", "by_awaited_steps", "by_async_steps", "by_task")


@dataclass(frozen=True)
class Bad:
    """A handler, what it is told to do, and what must become of its job."""

    handler: acts.Handler
    payload: str
    history: History
    ends_runner: bool = False
    """Whether it takes the locks of its process along, so that the runner stops loudly."""


@dataclass(frozen=True)
class Program:
    """A runner, and the bad handlers of its jobs."""

    driver: Driver
    bad: tuple[Bad, ...]


def ends_in(form: str) -> tuple[Bad, ...]:
    handler = getattr(acts, form)
    return tuple(Bad(handler, payload, history) for payload, history in ENDS.items())


def alone(handler: acts.Handler, payload: str = "x", history: History = DONE, *, ends: bool = False) -> tuple[Bad, ...]:
    return (Bad(handler, payload, history, ends),)


FORKS: Final[tuple[acts.Handler, ...]] = (
    *(acts.forking, acts.forking_and_raising, acts.forking_in_steps),
    *(acts.forking_in_a_coroutine, acts.forking_in_a_coroutine_at_its_end),
)
ODD: Final[dict[acts.Handler, History]] = {
    acts.moving: DONE,
    acts.leaving_tasks: DONE,
    acts.snoozing: SNOOZED,
    acts.snoozing_async: SNOOZED,
    acts.dropping: FAILED,
    acts.yielding_nonsense: FAILED,
}
DEATHS: Final[tuple[tuple[acts.Handler, str], ...]] = (
    *((acts.exiting, "0"), (acts.exiting, "3")),
    *((acts.killed, "6"), (acts.killed, "9"), (acts.killed, "11")),
)


def programs() -> dict[str, Program]:
    """By name."""
    found: dict[str, Program] = {}
    for driver in DRIVERS:
        for form in FORMS:
            found[f"{driver}: {form}"] = Program(driver, ends_in(form))
        for handler, history in (ODD | dict.fromkeys(FORKS, DONE)).items():
            found[f"{driver}: {handler.__name__}"] = Program(driver, alone(handler, history=history))
        in_thread = driver == "threads"  # Python lets only the main thread set signal handlers
        found[f"{driver}: deafening"] = Program(driver, alone(acts.deafening, history=FAILED if in_thread else DONE))
        closing: tuple[acts.Handler, ...] = (acts.closing_descriptors, acts.replacing_descriptors)
        for handler in closing:
            apart = driver == "processes"
            became = FAILED if apart else CRASHED
            found[f"{driver}: {handler.__name__}"] = Program(driver, alone(handler, GRAVE, became, ends=not apart))
    for handler, payload in DEATHS:
        found[f"processes: {handler.__name__} {payload}"] = Program("processes", alone(handler, payload, CRASHED))
    return found


def good(job: adc.Job[str]) -> str:
    return job.payload


@dataclass
class Outcome:
    """What came of all of them."""

    programs: int = 0
    cases: int = 0
    good: int = 0
    loud: int = 0
    """Runners that StorageLocksLost stopped."""
    became: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


class Trial:
    """One program, in a folder of its own."""

    def __init__(self, name: str, program: Program, folder: Path, random: Random) -> None:
        self.name, self.program, self.folder, self.random = name, program, folder, random
        self.path = folder / "jobs.db"
        self.kinds = [
            adc.JobKind(f"bad-{number}", str, result=str, max_crashes=2, result_limit=acts.RESULT_LIMIT)
            for number, _ in enumerate(program.bad)
        ]
        self.kind = adc.JobKind("good", str, result=str, max_crashes=1_000)

    def router(self) -> adc.RunnerRouter:
        router = adc.RunnerRouter()
        router.add_job_handler(self.kind, good)
        for kind, bad in zip(self.kinds, self.program.bad, strict=True):
            router.add_job_handler(kind, bad.handler)  # type: ignore[arg-type]  # as bad as they come
        return router

    def schedule(self) -> None:
        jobs: list[adc.NewJob] = [self.kind.new(str(n)) for n in range(GOOD * len(self.kinds))]
        for kind, bad in zip(self.kinds, self.program.bad, strict=True):
            payload = str(self.folder / GRAVE) if bad.payload == GRAVE else bad.payload
            jobs.append(kind.new(payload))
        self.random.shuffle(jobs)
        with adc.SqliteQueue.open(self.path) as queue:
            queue.schedule_many(jobs)

    def run(self) -> None:
        with adc.SqliteQueue.open(self.path) as queue:
            runner = adc.JobRunner(queue, self.router(), driver=self.program.driver, concurrency=4)
            try:
                if any(bad.ends_runner for bad in self.program.bad):
                    runner.run_until_empty()
                else:
                    runner.run_until_idle()
            except adc.StorageLocksLost:
                os._exit(LOUD)

    def judge(self) -> None:
        """Leaves what it finds in a file."""
        wrong: list[str] = []
        with adc.SqliteQueue.open(self.path) as queue:
            wrong += [f"verify: {finding}" for finding in queue.verify()]
            histories = histories_of(queue)
        for kind, bad in zip(self.kinds, self.program.bad, strict=True):
            became = histories.pop(kind.name)
            if became != [bad.history]:
                wrong.append(f"{bad.handler} {bad.payload!r} became {became}")
        if {history[-1] for history in histories["good"]} != {"JobDone"}:
            wrong.append(f"not all good jobs are done: {Counter(histories['good'])}")
        (self.folder / "wrong").write_bytes(msgspec.json.encode(wrong))


def histories_of(queue: adc.SqliteQueue) -> dict[str, list[History]]:
    """Of the jobs of each kind."""
    kinds: dict[str, str] = {}
    told: dict[str, list[str]] = {}
    for each in queue.store.events(0, 100_000):
        assert isinstance(each, Recorded)
        if isinstance(each.event, JobScheduled):
            kinds[each.jid], told[each.jid] = each.event.terms.kind, []
        else:
            told[each.jid].append(type(each.event).__name__)
    found: defaultdict[str, list[History]] = defaultdict(list)
    for jid, history in told.items():
        found[kinds[jid]].append(tuple(history))
    return found


def attempt(name: str, program: Program, outcome: Outcome, random: Random) -> None:
    with tempfile.TemporaryDirectory(dir=memory()) as made:
        folder = Path(made)
        trial, errors = Trial(name, program, folder, random), folder / "errors"
        codes = [exit_code(fork(within(LIMIT, trial.schedule), errors))]
        while len(codes) <= MOST_RUNS and codes[-1] in (0, LOUD) and (len(codes) == 1 or codes[-1] == LOUD):
            codes.append(exit_code(fork(within(LIMIT, trial.run), errors)))
        codes.append(exit_code(fork(within(LIMIT, trial.judge), errors)))
        outcome.programs += 1
        outcome.cases += len(program.bad)
        outcome.good += GOOD * len(program.bad)
        outcome.loud += codes.count(LOUD)
        if set(codes) - {0, LOUD} or (LOUD in codes) != any(bad.ends_runner for bad in program.bad):
            outcome.violations.append(f"{name}: its processes ended with {codes}: {errors.read_text()[-800:]}")
        elif codes[-2]:
            outcome.violations.append(f"{name}: after {MOST_RUNS} runs there still are jobs")
        else:
            wrong = msgspec.json.decode((folder / "wrong").read_bytes(), type=list[str])
            outcome.violations += [f"{name}: {each}" for each in wrong]
        outcome.became.update(bad.history[-1] for bad in program.bad)


def examine(names: Iterable[str], seed: int) -> Outcome:
    outcome, random, every = Outcome(), Random(seed), programs()
    for name in names:
        attempt(name, every[name], outcome, random)
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", nargs="*", default=list(programs()), metavar="NAME")
    options(parser)
    chosen = parser.parse_args()
    counting = Counting("handlers", chosen.seed)
    outcome = examine(chosen.programs, chosen.seed)
    counting.count_all({"programs": outcome.programs, "cases": outcome.cases, "good jobs": outcome.good})
    counting.count_all({"stopped loudly": outcome.loud, **outcome.became})
    counting.wrong(outcome.violations)
    return counting.end(chosen.json, "--programs NAME")


if __name__ == "__main__":
    sys.exit(main())
