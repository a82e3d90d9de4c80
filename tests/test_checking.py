"""Checking: each open job that new code couldn't run is named, and why; the others are not."""

from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from adc import checking
from adc.checking import Checked, Unrunnable, check
from adc.codec.events import DamagedEvent
from adc.codec.upgrading import upgrade_from
from adc.core.commands import Erase
from adc.core.ids import Xid
from adc.core.transition import Asked
from adc.handling.job import Job
from adc.handling.notdone import Permanent
from adc.kind import JobKind
from adc.queue import SqliteQueue, StoreQueue
from adc.router import RunnerRouter
from adc.shell import carry_out
from adc.testing.memory_queue import MemoryQueue

COUNT = JobKind("count", int)
LATER = JobKind("count", str, version=3)
GREET = JobKind("greet", str)


def router_of(*kinds: JobKind[Any, None]) -> RunnerRouter:
    """Handlers that must not be called."""
    router = RunnerRouter()
    for kind in kinds:
        router.add_job_handler(kind, refuse)
    return router


def refuse(job: Job[object]) -> None:
    raise AssertionError("a check calls no handler")


def found(queue: StoreQueue, *kinds: JobKind[Any, None], dead: bool = False) -> list[Checked]:
    states = (*checking.OPEN, "dead") if dead else checking.OPEN
    return [each for each in check(queue.store, router_of(*kinds).routes, states) if each is not None]


def started(queue: StoreQueue, kind: JobKind[Any, None], payload: object) -> Xid:
    jid = queue.schedule(kind.new(payload))
    assert queue.poll_next(kind) is not None
    return jid


def test_jobs_that_would_run_are_counted_and_not_told(queue: SqliteQueue) -> None:
    queue.schedule_many(COUNT.new(n) for n in range(3))
    started(queue, GREET, "Ada")

    assert list(check(queue.store, router_of(COUNT, GREET).routes)) == [None] * 4


def test_a_kind_or_a_version_without_a_handler(queue: SqliteQueue) -> None:
    greet, later = queue.schedule_many([GREET.new("Ada"), LATER.new("7")])

    assert found(queue, COUNT) == [
        Unrunnable(greet, "greet", 1, "scheduled", "its kind has no handler"),
        Unrunnable(later, "count", 3, "scheduled", "its payload's version has no handler, only 1"),
    ]
    assert found(queue, COUNT, GREET, LATER) == []


def test_a_payload_of_another_type_is_told_with_its_place(queue: SqliteQueue) -> None:
    jid = queue.schedule(JobKind("count", dict[str, list[str]]).new({"n": ["x"]}))

    assert found(queue, JobKind("count", dict[str, list[int]])) == [
        Unrunnable(jid, "count", 1, "scheduled", "$[...][0]: Expected `int`, got `str`")
    ]


def test_upgrades_are_tried_too(queue: SqliteQueue) -> None:
    good, bad = queue.schedule_many([COUNT.new(7), COUNT.new(0)])
    inverse = JobKind("count", float, version=2, upgrade=upgrade_from(int, lambda number: 1 / number))

    (wrong,) = found(queue, inverse)

    assert wrong == Unrunnable(bad, "count", 1, "scheduled", "$: ZeroDivisionError: division by zero")
    assert good != bad


def test_jobs_that_run_may_run_again(queue: SqliteQueue) -> None:
    jid, cancelling = started(queue, GREET, "Ada"), started(queue, GREET, "Bob")
    queue.cancel_job(cancelling)

    assert [(each.jid, each.state) for each in found(queue, COUNT) if isinstance(each, Unrunnable)] == [
        (cancelling, "cancelling"),
        (jid, "started"),
    ]


def test_jobs_that_are_over_are_left_out_and_dead_letters_are_asked_for(queue: SqliteQueue) -> None:
    done, dead, erased = queue.schedule_many([GREET.new(name) for name in "abc"])
    for _ in range(3):
        claimed = queue.poll_next(GREET)
        assert claimed is not None
        _ = claimed.complete(None) if claimed.job.jid == done else claimed.fail(Permanent("no"))
    with queue.store.writing() as writing:
        carry_out(writing, [Asked(Erase(erased, queue.clock.now()), "test")])

    assert found(queue, COUNT) == []
    assert found(queue, GREET, dead=True) == [
        Unrunnable(erased, "greet", 1, "dead", "$: its bytes were erased"),
    ]
    assert found(queue, COUNT, dead=True)[0] == Unrunnable(dead, "greet", 1, "dead", "its kind has no handler")


def test_a_job_that_cannot_be_read_hides_none(queue: SqliteQueue, db: Path) -> None:
    jids = queue.schedule_many(GREET.new(f"{n}") for n in range(10))
    with closing(apsw.Connection(str(db))) as connection:
        connection.execute("DROP TRIGGER job_events_update")
        for damaged in (jids[3], jids[4], jids[9]):
            connection.execute("UPDATE job_events SET data = '{' WHERE jid = ?", (damaged,))

    told = list(check(queue.store, router_of(GREET).routes))

    assert [each.jid for each in told if isinstance(each, DamagedEvent)] == [jids[3], jids[4], jids[9]]
    assert len(told) == 10


@pytest.mark.parametrize("memory", [True, False])
def test_jobs_come_page_by_page(queue: SqliteQueue, memory: bool) -> None:
    of = MemoryQueue() if memory else queue
    jids = of.schedule_many(COUNT.new(n) for n in range(2 * checking.PAGE + 1))

    assert [each.jid for each in found(of, GREET) if isinstance(each, Unrunnable)] == list(jids)
