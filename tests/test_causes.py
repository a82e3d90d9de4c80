"""Causes in the log: who asks because of what, from handlers of every form and from requests."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import timedelta

import pytest
from msgspec.structs import replace

from adc.aio import AsyncQueue
from adc.codec.events import body_of
from adc.core.ids import Xid
from adc.core.instants import SECOND, Span
from adc.drivers.portable import in_processes
from adc.drivers.threads import Threads
from adc.handling.cause import caused_by, current_cause
from adc.handling.effects import Steps
from adc.handling.job import Held, Job
from adc.handling.said import Finished
from adc.handling.steps import snooze, step
from adc.kind import JobKind
from adc.queue import SqliteQueue
from adc.router import RunnerRouter
from adc.runner import Driver, JobRunner
from adc.testing.fixed import FixedClock
from adc.testing.samples import DUE, JOB, STARTED
from tests.drivers.acts import ACTS, routes

PARENT = JobKind("parent", str)
CHILD = JobKind("child", str)
DRIVERS: list[Driver] = ["threads", "inline"]


class Family:
    """Handlers that schedule a job, each in its way."""

    def __init__(self, queue: SqliteQueue) -> None:
        self.queue = queue

    def bear(self, name: str) -> Xid:
        return self.queue.schedule(CHILD.new(name))

    async def bear_slowly(self, name: str) -> Xid:
        await asyncio.sleep(0)
        return self.bear(name)

    def plain(self, job: Job[str]) -> None:
        self.bear(job.payload)

    def awaitable(self, job: Job[str]) -> Awaitable[None]:
        return self.coroutine(job)

    async def coroutine(self, job: Job[str]) -> None:
        await self.bear_slowly(job.payload)

    async def off_the_loop(self, job: Job[str]) -> None:
        await asyncio.to_thread(self.bear, job.payload)

    async def awaited_step(self, job: Job[str]) -> None:
        await step("bear", self.bear_slowly)(job.payload)

    async def with_async_queue(self, job: Job[str]) -> None:
        async with AsyncQueue(self.queue) as queue:
            await queue.schedule(CHILD.new(job.payload))

    def steps(self, job: Job[str]) -> Steps[None]:
        yield from step("bear", self.bear)(job.payload)

    def slow_steps(self, job: Job[str]) -> Steps[None]:
        yield from step("bear", self.bear_slowly)(job.payload)

    def between_steps(self, job: Job[str]) -> Steps[None]:
        yield from step("nothing", dict)()
        self.bear(job.payload)


FORMS: list[Callable[[Family, Job[str]], object]] = [
    Family.plain,
    Family.awaitable,
    Family.coroutine,
    Family.off_the_loop,
    Family.awaited_step,
    Family.with_async_queue,
    Family.steps,
    Family.slow_steps,
    Family.between_steps,
]


def causes(queue: SqliteQueue) -> dict[str, str | None]:
    """Why each child was scheduled, by its payload."""
    found = queue.look(kind=CHILD, limit=1_000)
    return {str(queue.unschedule_job(CHILD, row.jid).unwrap()): queue.history(row.jid)[0].cause for row in found}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_a_job_that_a_handler_schedules_has_its_attempt_as_cause(
    queue: SqliteQueue, form: Callable[[Family, Job[str]], object], driver: Driver
) -> None:
    router = RunnerRouter()
    router.add_job_handler(PARENT, getattr(Family(queue), form.__name__))
    names = [f"child {number}" for number in range(12)]
    jids = queue.schedule_many(PARENT.new(name) for name in names)

    with caused_by("request:7"):
        JobRunner(queue, router, driver=driver).run_until_idle()
        assert current_cause() == "request:7"

    assert causes(queue) == {name: f"job:{jid}#2" for name, jid in zip(names, jids, strict=True)}
    assert {entry.type for jid in jids for entry in queue.history(jid)[1:2]} == {"JobStarted"}
    assert {entry.cause for jid in jids for entry in queue.history(jid)} == {None}  # a runner's own doing has none


def test_a_later_attempt_is_another_cause(queue: SqliteQueue) -> None:
    router = RunnerRouter()
    family = Family(queue)

    @router.handles(PARENT)
    def parent(job: Job[str]) -> Steps[None]:
        family.bear(f"of attempt {job.attempt}")
        if job.attempt == 1:
            yield from snooze(timedelta())
        yield from step("nothing", dict)()

    jid = queue.schedule(PARENT.new("twice"))
    JobRunner(queue, router, driver="inline").run_until_empty()

    assert causes(queue) == {"of attempt 1": f"job:{jid}#2", "of attempt 2": f"job:{jid}#4"}


def test_in_a_child_process_the_cause_is_the_attempt() -> None:
    terms = replace(STARTED.terms, kind="plain", payload=body_of(b'"cause"'), timeout=None)
    held = Held(JOB, replace(STARTED, terms=terms), DUE, b'"cause"', version=7)
    with closing(Threads(in_processes(routes(ACTS)), FixedClock())) as hands:
        hands.launch(held)
        (report,) = hands.wait(Span(60 * SECOND)).reports

    assert report.said == Finished(f'"job:{JOB}#7"'.encode())


def test_all_that_a_request_asks_has_it_as_cause(queue: SqliteQueue) -> None:
    with caused_by("request:7"):
        jid, other = queue.schedule_many((CHILD.new("a"), CHILD.new("b")))
        tried = queue.try_schedule(CHILD.new("c")).unwrap()
        queue.reschedule(jid, priority=1)
        queue.unschedule_job(CHILD, jid)
        queue.cancel_job(other)
        queue.pause("mail")
    queue.cancel_job(tried)

    told = [(entry.type, entry.cause) for entry in queue.events()]
    assert told == [
        *[("JobScheduled", "request:7")] * 3,
        ("JobRescheduled", "request:7"),
        ("JobCancelled", "request:7"),
        ("JobCancelled", "request:7"),
        ("QueuePaused", "request:7"),
        ("JobCancelled", None),
    ]


def test_coroutines_have_causes_of_their_own(queue: SqliteQueue) -> None:
    async def ask(shared: AsyncQueue, number: int) -> None:
        with caused_by(f"request:{number}"):
            await asyncio.sleep(0)
            await shared.schedule(CHILD.new(str(number)))

    async def ask_all() -> None:
        async with AsyncQueue(queue) as shared:
            await asyncio.gather(*(ask(shared, number) for number in range(20)))

    asyncio.run(ask_all())

    assert causes(queue) == {str(number): f"request:{number}" for number in range(20)}
