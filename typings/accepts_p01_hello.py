"""1 hello world."""

from typing import assert_type

import adc

HELLO = adc.JobKind("hello", str)
router = adc.RunnerRouter()


@router.handles(HELLO)
def hello(job: adc.Job[str]) -> None:
    print("hello", job.payload)


def main() -> None:
    with adc.SqliteQueue.open("jobs.db") as queue:
        jid = queue.schedule(HELLO.new("world"))
        assert_type(jid, adc.Xid)
        adc.JobRunner(queue, router).run_until_idle()
