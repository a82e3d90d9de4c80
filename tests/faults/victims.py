"""Victims: the producers and runners that get killed, and the handlers of their jobs, a kind for each way to behave."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from signal import SIGKILL
from typing import Final

from msgspec import Struct

import adc
from tests.faults.forked import Notes

LEASE: Final = timedelta(seconds=1)
POLL: Final = timedelta(milliseconds=50)
CONCURRENCY: Final = 4
CANCELLED_AFTER: Final = 4
"""So many jobs later a producer cancels one."""

DATABASE: Final = "jobs.db"
ACKNOWLEDGED: Final = "acknowledged"
"""Jobs that a producer knows to be stored: id, kind and how many microseconds that took, before it makes the next."""
RAN: Final = "ran"
"""Attempts, as their handlers began: id, attempt and process."""
ARCHIVE: Final = "old.db"
"""Where jobs are that were pruned."""
TOLD: Final = "told"
"""What runners tell: their number, event, and whom or what it concerns."""


class Task(Struct, frozen=True):
    """What a handler shall do."""

    notes: str
    """The directory of its notes."""
    seconds: float = 0.0
    """How long it works."""


def innocent(name: str) -> adc.JobKind[Task]:
    """A kind whose jobs die of nothing that others do to them: so often nobody is killed while one of them runs."""
    retry = adc.fixed(timedelta(milliseconds=50), max_retries=3)
    return adc.JobKind(name, Task, retry=retry, max_crashes=1_000)


QUICK: Final = innocent("quick")
WORK: Final = innocent("work")
ASYNC: Final = innocent("async")
STEPS: Final = innocent("steps")
FLAKY: Final = innocent("flaky")
CHILD: Final = innocent("child")
SLOW: Final = innocent("slow")
UNWANTED: Final = innocent("unwanted")
HOPELESS: Final = innocent("hopeless")
POISON: Final = adc.JobKind("poison", Task)
CHILD_POISON: Final = adc.JobKind("child_poison", Task)

SHARES: Final = {QUICK: 250, WORK: 250, ASYNC: 150, STEPS: 150, FLAKY: 100, UNWANTED: 50, HOPELESS: 30, CHILD: 15}
RARE: Final = {SLOW: 10, CHILD_POISON: 1, POISON: 2}
"""A poison kills three processes. A slow one is run again somewhere while a runner that was stopped still has it."""
LONGEST: Final = 0.05
"""In seconds, how long one works; the unwanted wait ten times as long to be cancelled, the slow take 40 times."""

router = adc.RunnerRouter()


def began(job: adc.Job[Task]) -> None:
    Notes.add(Path(job.payload.notes) / RAN, job.jid, job.attempt, os.getpid())


def work(job: adc.Job[Task]) -> None:
    began(job)
    time.sleep(job.payload.seconds)


for kind in (QUICK, WORK):
    router.add_job_handler(kind, work)
router.add_job_handler(CHILD, work, process=True)


@router.handles(ASYNC)
async def work_async(job: adc.Job[Task]) -> None:
    began(job)
    await asyncio.sleep(job.payload.seconds)


@router.handles(STEPS)
def work_in_steps(job: adc.Job[Task]) -> adc.Steps[None]:
    began(job)
    for _ in range(3):
        yield from adc.step("rest", asyncio.sleep)(job.payload.seconds / 3)


@router.handles(FLAKY)
def fail_once(job: adc.Job[Task]) -> None:
    work(job)
    if not job.retries:
        raise adc.Transient("the first attempt")


@router.handles(SLOW)
def work_long(job: adc.Job[Task]) -> None:
    began(job)
    time.sleep(40 * job.payload.seconds)


@router.handles(UNWANTED)
def wait_to_be_cancelled(job: adc.Job[Task]) -> None:
    began(job)
    job.cancellation.wait(timedelta(seconds=10 * job.payload.seconds))


@router.handles(HOPELESS)
def fail_for_good(job: adc.Job[Task]) -> None:
    work(job)
    raise adc.Permanent("always")


def kill_the_process(job: adc.Job[Task]) -> None:
    work(job)
    os.kill(os.getpid(), SIGKILL)


router.add_job_handler(POISON, kill_the_process)
router.add_job_handler(CHILD_POISON, kill_the_process, process=True)


def produce(folder: Path, seed: int, rest: float, mortal: bool, number: int) -> None:
    """Schedule one job after another until somebody kills this, and cancel some of them a little later.

    Unless runners are mortal, there is no poison that kills them.
    """
    random, unwanted = Random(seed), deque[adc.Xid]()
    weights = {kind: share for kind, share in (SHARES | RARE).items() if mortal or kind is not POISON}
    acknowledged = Notes(folder / ACKNOWLEDGED)
    with adc.SqliteQueue.open(folder / DATABASE) as queue:
        while True:
            (kind,) = random.choices(tuple(weights), tuple(weights.values()))
            job = kind.new(Task(str(folder), 0.0 if kind is QUICK else random.uniform(0.0, LONGEST)))
            asked = time.monotonic()
            jid = queue.schedule(job)
            acknowledged.say(jid, kind.name, round(1e6 * (time.monotonic() - asked)))
            if kind is UNWANTED:
                unwanted.append(jid)
            if len(unwanted) > CANCELLED_AFTER:
                queue.cancel_job(unwanted.popleft())
            time.sleep(rest)


def run(folder: Path, number: int) -> None:
    """Run jobs until SIGTERM, and tell what happens."""
    with adc.SqliteQueue.open(folder / DATABASE) as queue:
        listener = telling(Notes(folder / TOLD), number)
        adc.JobRunner(queue, router, concurrency=CONCURRENCY, lease=LEASE, listener=listener).run(POLL)


def telling(told: Notes, number: int) -> Callable[[adc.RunnerEvent], None]:
    def tell(event: adc.RunnerEvent) -> None:
        match event:
            case adc.RunnerStarted(runner) | adc.StruckOff(runner):
                told.say(number, type(event).__name__, runner)
            case adc.RunnerGone(runner, because, jobs):
                told.say(number, "RunnerGone", runner, because, jobs)
            case adc.ReportRefused(jid) | adc.AttemptAbandoned(jid) | adc.JobUnreadable(jid):
                told.say(number, type(event).__name__, jid)
            case adc.StoreTroubled():
                told.say(number, "StoreTroubled")
            case _:
                pass

    return tell


def wait_until_empty(folder: Path) -> None:
    """Until no job waits or runs."""
    with adc.SqliteQueue.open(folder / DATABASE) as queue:
        while any(queue.counts()[state] for state in ("scheduled", "started", "cancelling")):
            time.sleep(0.2)
