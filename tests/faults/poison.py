"""Poison: a job that kills its process, nine that run beside it, and a runner of them as a program.

`python -m tests.faults.poison DATABASE` runs them until none is left.
"""

import os
import sys
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL
from typing import Final

import adc
from tests.faults.forked import Notes, lines_of

INNOCENTS: Final = 9
SOON: Final = timedelta(milliseconds=10)
PATIENCE: Final = timedelta(seconds=60)

POISON: Final = adc.JobKind("poison", str)
CHILD_POISON: Final = adc.JobKind("child_poison", str)
INNOCENT: Final = adc.JobKind("innocent", str, result=int)
NEIGHBOUR: Final = adc.JobKind("neighbour", str, result=int)
"""The payload of all of them is the file in which they note that they began."""

router = adc.RunnerRouter()


@router.handles(POISON)
def kill_the_process(job: adc.Job[str]) -> None:
    """All that can run beside it do, when it does."""
    Notes.add(Path(job.payload), job.jid, job.attempt, os.getpid())
    while len(lines_of(Path(job.payload))) <= INNOCENTS and not job.cancellation.wait(SOON):
        pass
    os.kill(os.getpid(), SIGKILL)


@router.handles(INNOCENT)
def run_beside_it(job: adc.Job[str]) -> int:
    Notes.add(Path(job.payload), job.jid, job.attempt, os.getpid())
    if job.attempt == 1:
        job.cancellation.wait(PATIENCE)
    return job.attempt


@router.handles(NEIGHBOUR)
def run_quietly(job: adc.Job[str]) -> int:
    Notes.add(Path(job.payload), job.jid, job.attempt, os.getpid())
    return job.attempt


router.add_job_handler(CHILD_POISON, kill_the_process, process=True)


if __name__ == "__main__":
    with adc.SqliteQueue.open(sys.argv[1]) as queue:
        adc.JobRunner(queue, router, concurrency=INNOCENTS + 1).run_until_empty()
