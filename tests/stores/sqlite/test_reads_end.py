"""Reads end: whatever a queue is asked, its connection reads nothing afterwards, so that the -wal can begin anew."""

from collections.abc import Callable
from datetime import UTC, datetime

import apsw
import pytest

import adc
from adc.core.ids import Xid

NOTE = adc.JobKind("note", str, result=str)
MOMENT = datetime(2040, 1, 1, tzinfo=UTC)
Ask = Callable[[adc.SqliteQueue, Xid], object]

READS: dict[str, Ask] = {
    "look": lambda queue, _: next(iter(queue.look(limit=1))),
    "counts": lambda queue, _: queue.counts(),
    "history": lambda queue, jid: queue.history(jid)[:1],
    "job_at": lambda queue, jid: queue.job_at(jid, 1),
    "events": lambda queue, _: queue.events(limit=1),
    "explain": lambda queue, jid: queue.explain(jid),
    "export": lambda queue, jid: queue.export(jid),
    "result": lambda queue, jid: queue.result(NOTE, jid),
    "runners": lambda queue, _: queue.runners(),
    "paused": lambda queue, _: queue.paused(),
    "prunable": lambda queue, _: queue.prunable(done_before=MOMENT),
    "verify": lambda queue, _: next(iter(queue.verify()), None),
    "doctor": lambda queue, _: queue.doctor(),
    "is_archive": lambda queue, _: queue.is_archive,
    "poll_next": lambda queue, _: queue.poll_next(NOTE),
    "a refusal": lambda queue, jid: queue.redrive(jid),
}


@pytest.mark.parametrize("name", READS)
def test_it_is_over_when_it_is_answered(queue: adc.SqliteQueue, name: str) -> None:
    jids = queue.schedule_many(NOTE.new(str(number)) for number in range(50))
    kept = READS[name](queue, jids[0])

    connections = [each for each in apsw.connections() if each.filename == queue.doctor().path]

    assert connections != []
    assert {each.txn_state("main") for each in connections} == {apsw.SQLITE_TXN_NONE}
    del kept


def test_a_verify_that_is_left_in_the_middle_reads_on_until_it_is_closed(queue: adc.SqliteQueue) -> None:
    queue.schedule_many(NOTE.new(str(number)) for number in range(50))
    with apsw.Connection(queue.doctor().path) as other:
        other.execute("UPDATE adc_jobs SET priority = 7")
    findings = queue.verify()
    assert next(findings).law == "state"

    def reading() -> int:
        path = queue.doctor().path
        opened = [each for each in apsw.connections() if each.filename == path]
        return sum(each.txn_state("main") == apsw.SQLITE_TXN_READ for each in opened)

    assert reading() == 1
    findings.close()  # type: ignore[attr-defined]  # it is a generator
    assert reading() == 0
