"""Heeding: handlers of every form that wait until their job is cancelled, and a runner of them as a program.

`python -m tests.heeding DATABASE` runs them until SIGTERM.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final, NoReturn

import adc

POLL: Final = timedelta(seconds=0.5)
PATIENCE: Final = timedelta(seconds=60)


def heeding(name: str) -> adc.JobKind[str, str]:
    """A kind whose payload is a directory: in its pipes a handler says that it began, and at its end what it saw."""
    return adc.JobKind(name, str, result=str)


PLAIN: Final = heeding("plain")
ASYNC: Final = heeding("async")
STEPS: Final = heeding("steps")
PROCESS: Final = heeding("process")
HEEDING: Final = (PLAIN, ASYNC, STEPS, PROCESS)
FINISHING: Final = heeding("finishing")
FINISHING_IN_PROCESS: Final = heeding("finishing_in_process")
"""These two don't heed it, and finish when somebody reads."""

router = adc.RunnerRouter()


def say_begun(job: adc.Job[str]) -> None:
    """It waits until somebody reads."""
    (Path(job.payload) / "begun").write_text("begun")


def say_seen(job: adc.Job[str], what: str) -> None:
    """It waits until somebody reads."""
    (Path(job.payload) / "seen").write_text(what)


def heed(job: adc.Job[str]) -> NoReturn:
    say_begun(job)
    told = job.cancellation.wait(PATIENCE)
    say_seen(job, "told" if told else "not told")
    raise asyncio.CancelledError


router.add_job_handler(PLAIN, heed)
router.add_job_handler(PROCESS, heed, process=True)


@router.handles(ASYNC)
async def heed_async(job: adc.Job[str]) -> str:
    say_begun(job)
    try:
        await asyncio.sleep(PATIENCE.total_seconds())
    except asyncio.CancelledError:
        say_seen(job, "told" if job.cancellation.cancelled else "not told")
        raise
    return "not told"


@router.handles(STEPS)
def heed_in_steps(job: adc.Job[str]) -> adc.Steps[str]:
    yield from adc.step("say", say_begun)(job)
    job.cancellation.wait(PATIENCE)
    try:
        yield from adc.now()
    except asyncio.CancelledError:
        say_seen(job, "told")
        raise
    return "not told"


def finish(job: adc.Job[str]) -> str:
    say_begun(job)
    say_seen(job, "at its end")
    return "finished"


router.add_job_handler(FINISHING, finish)
router.add_job_handler(FINISHING_IN_PROCESS, finish, process=True)


if __name__ == "__main__":
    with adc.SqliteQueue.open(sys.argv[1]) as queue:
        adc.JobRunner(queue, router).run(POLL)
