"""A runner in a process of its own: says of each job when it ran, until its standard input is closed."""

import sys
import threading
import time
from datetime import timedelta

import adc

NOTE = adc.JobKind("note", int)
router = adc.RunnerRouter()


@router.handles(NOTE)
def note(job: adc.Job[int]) -> None:
    print(job.payload, time.time(), flush=True)


if __name__ == "__main__":
    with adc.SqliteQueue.open(sys.argv[1]) as queue:
        runner = adc.JobRunner(queue, router)

        def stop_at_the_end() -> None:
            sys.stdin.read()
            runner.stop()

        threading.Thread(target=stop_at_the_end).start()
        print("ready", flush=True)
        runner.run(timedelta(seconds=float(sys.argv[2])))
