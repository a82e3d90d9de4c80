"""AsyncQueue: the verbs for coroutines, one after another on a thread of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from datetime import timedelta
from threading import Event, Thread, current_thread, main_thread
from threading import enumerate as all_threads

import pytest

from adc.aio import AsyncQueue
from adc.core.ids import Xid
from adc.core.instants import NaiveDatetime
from adc.core.outcome import Failure, Success
from adc.core.refusals import KeyTaken, WrongState
from adc.handling.cause import caused_by
from adc.handling.job import Job
from adc.kind import JobKind, NewJob
from adc.ports.trouble import StoreClosed
from adc.queue import SqliteQueue
from adc.refused import Refused
from adc.router import RunnerRouter
from adc.runner import JobRunner
from adc.testing.fixed import START
from adc.testing.memory_queue import MemoryQueue

MAIL = JobKind("mail", str)
SQUARE = JobKind("square", int, result=int)
HOUR = timedelta(hours=1)


def threads() -> list[Thread]:
    return [thread for thread in all_threads() if thread.name.startswith("adc-queue")]


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    yield
    for thread in threads():
        thread.join(30)
        assert not thread.is_alive()


async def within(queue: SqliteQueue, act: Callable[[AsyncQueue], Awaitable[object]]) -> object:
    async with AsyncQueue(queue) as jobs:
        return await act(jobs)


def blocked(queue: SqliteQueue) -> tuple[Event, "Future[None]"]:
    """Somebody holds the file until the event is set; the future says that they do."""
    free, held = Event(), Future[None]()

    def hold() -> None:
        with queue.store.writing():
            held.set_result(None)
            free.wait(30)

    Thread(target=hold).start()
    return free, held


JOB = MAIL.new("hello")
WAYS: dict[str, tuple[Callable[[AsyncQueue], Awaitable[object]], object, timedelta]] = {
    "schedule": (lambda jobs: jobs.schedule(JOB), JOB.jid, timedelta(0)),
    "schedule_in": (lambda jobs: jobs.schedule_in(JOB, HOUR), JOB.jid, HOUR),
    "schedule_at": (lambda jobs: jobs.schedule_at(JOB, START + HOUR), JOB.jid, HOUR),
    "schedule_many": (lambda jobs: jobs.schedule_many(iter([JOB])), (JOB.jid,), timedelta(0)),
    "try_schedule": (lambda jobs: jobs.try_schedule(JOB), Success(JOB.jid), timedelta(0)),
}


@pytest.mark.parametrize(("schedule", "given", "delay"), WAYS.values(), ids=WAYS)
def test_a_job_is_stored_once_its_call_returns(
    queue: SqliteQueue, schedule: Callable[[AsyncQueue], Awaitable[object]], given: object, delay: timedelta
) -> None:
    assert asyncio.run(within(queue, schedule)) == given
    assert [(row.jid, row.state, row.due) for row in queue.look()] == [(JOB.jid, "scheduled", START + delay)]
    assert [entry.type for entry in queue.history(JOB.jid)] == ["JobScheduled"]


def test_a_refusal_is_raised_or_a_value(queue: SqliteQueue) -> None:
    async def act(jobs: AsyncQueue) -> None:
        jid = await jobs.schedule(MAIL.new("one", key="k"))
        assert await jobs.try_schedule(MAIL.new("two", key="k")) == Failure(KeyTaken("k", jid))
        with pytest.raises(Refused) as raised:
            await jobs.schedule_many([MAIL.new("three"), MAIL.new("two", key="k")])
        assert raised.value.refusal == KeyTaken("k", jid)

    asyncio.run(within(queue, act))

    assert queue.counts()["scheduled"] == 1


def test_what_is_wrong_is_raised(queue: SqliteQueue) -> None:
    async def act(jobs: AsyncQueue) -> None:
        with pytest.raises(NaiveDatetime):
            await jobs.schedule_at(JOB, START.replace(tzinfo=None))
        queue.close()
        with pytest.raises(StoreClosed):
            await jobs.schedule(JOB)

    asyncio.run(within(queue, act))


def test_jobs_are_cancelled_and_results_read(queue: SqliteQueue) -> None:
    router = RunnerRouter()

    @router.handles(SQUARE)
    def square(job: Job[int]) -> int:
        return job.payload**2

    async def act(jobs: AsyncQueue) -> None:
        done, other = await jobs.schedule_many([SQUARE.new(7), MAIL.new("no")])
        assert await jobs.result(SQUARE, done) == Failure(WrongState(done, "scheduled"))
        assert await jobs.cancel_job(other) == Success(None)
        await asyncio.to_thread(JobRunner(queue, router).run_until_idle)
        assert await jobs.result(SQUARE, done) == Success(49)

    asyncio.run(within(queue, act))

    assert queue.counts()["cancelled"] == 1


def test_any_queue_will_do() -> None:
    queue = MemoryQueue()

    async def main() -> None:
        async with AsyncQueue(queue) as jobs:
            await jobs.schedule(JOB)

    asyncio.run(main())

    assert queue.scheduled(MAIL) == ["hello"]


def test_the_event_loop_goes_on_while_the_file_is_held(queue: SqliteQueue) -> None:
    async def act(jobs: AsyncQueue) -> None:
        free, held = blocked(queue)
        await asyncio.wrap_future(held)
        scheduling = asyncio.create_task(jobs.schedule(JOB))
        await asyncio.sleep(0)
        assert not scheduling.done()
        free.set()
        assert await scheduling == JOB.jid

    asyncio.run(within(queue, act))


def test_calls_are_carried_out_in_their_order_on_one_thread(queue: SqliteQueue) -> None:
    async def act(jobs: AsyncQueue) -> None:
        assert threads() == []
        free, held = blocked(queue)
        await asyncio.wrap_future(held)
        calls = [asyncio.create_task(jobs.schedule(MAIL.new(str(number)))) for number in range(50)]
        await asyncio.sleep(0)
        assert len(threads()) == 1
        free.set()
        jids = await asyncio.gather(*calls)
        assert [row.jid for row in queue.look()] == jids

    asyncio.run(within(queue, act))


def test_whoever_made_the_jobs_of_a_bulk_makes_them_in_their_own_thread(queue: SqliteQueue) -> None:
    made: list[Thread] = []

    def jobs_to_make() -> Iterator[NewJob]:
        made.append(current_thread())
        yield JOB

    asyncio.run(within(queue, lambda jobs: jobs.schedule_many(jobs_to_make())))

    assert made == [main_thread()]


def test_the_cause_is_that_of_the_caller(queue: SqliteQueue) -> None:
    async def act(jobs: AsyncQueue) -> None:
        with caused_by("request:7f3a"):
            await jobs.schedule(JOB)

    asyncio.run(within(queue, act))

    assert queue.history(JOB.jid)[0].cause == "request:7f3a"


def test_a_call_that_has_begun_is_carried_out_though_its_await_is_cancelled(queue: SqliteQueue) -> None:
    begun: list[Xid] = []

    async def act(jobs: AsyncQueue) -> None:
        free, held = blocked(queue)
        await asyncio.wrap_future(held)
        first, second = (asyncio.create_task(jobs.schedule(job)) for job in (JOB, MAIL.new("second")))
        await asyncio.sleep(0)
        for call in (first, second):
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        free.set()
        begun.append(await jobs.schedule(JOB))  # the same again is safe

    asyncio.run(within(queue, act))

    assert begun == [JOB.jid]
    assert [row.jid for row in queue.look()] == [JOB.jid]
    assert len(queue.history(JOB.jid)) == 1


def test_the_block_ends_when_all_that_was_asked_for_is_done(queue: SqliteQueue) -> None:
    async def main() -> None:
        free, held = blocked(queue)
        await asyncio.wrap_future(held)
        async with AsyncQueue(queue) as jobs:
            call = asyncio.create_task(jobs.schedule(JOB))
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(free.set)
        assert await call == JOB.jid

    asyncio.run(main())

    assert queue.history(JOB.jid) != ()  # and the queue is open


def test_after_its_block_it_takes_nothing_and_the_queue_does(queue: SqliteQueue) -> None:
    async def main() -> None:
        async with AsyncQueue(queue) as jobs:
            pass
        with pytest.raises(RuntimeError):
            await jobs.schedule(JOB)

    asyncio.run(main())

    assert queue.schedule(JOB) == JOB.jid


def test_it_is_used_in_several_event_loops(queue: SqliteQueue) -> None:
    jobs = AsyncQueue(queue)

    assert asyncio.run(jobs.schedule(JOB)) == JOB.jid
    assert asyncio.run(jobs.try_schedule(MAIL.new("another").after(HOUR))).unwrap() != JOB.jid

    async def end() -> None:
        async with jobs:
            assert await jobs.try_schedule(JOB) == Success(JOB.jid)

    asyncio.run(end())
