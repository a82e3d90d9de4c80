"""serve: a runner beside the other tasks of an event loop; the log says what became of the jobs."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextvars import ContextVar
from datetime import timedelta
from threading import Event, Thread, current_thread, main_thread
from threading import enumerate as all_threads

import pytest

from adc.core.events import JobDone, JobStarted
from adc.core.ids import Xid
from adc.core.outcome import Success
from adc.core.retry import NEVER
from adc.handling.effects import Steps
from adc.handling.job import Job
from adc.handling.steps import step
from adc.kind import JobKind
from adc.ports.trouble import StoreClosed
from adc.queue import SqliteQueue
from adc.router import JobHandler, RunnerRouter
from adc.runner import JobRunner
from adc.running.events import Happened, RunnerEvent

SOON = timedelta(milliseconds=10)
ACT = JobKind("act", int, result=str, retry=NEVER)
HASTY = JobKind("hasty", int, result=str, retry=NEVER, shutdown_timeout=timedelta(0))

whose: ContextVar[str] = ContextVar("whose", default="nobody's")


def routed(handler: JobHandler[int, str], kind: JobKind[int, str] = ACT) -> RunnerRouter:
    router = RunnerRouter()
    router.add_job_handler(kind, handler)
    return router


def told(queue: SqliteQueue, jid: Xid) -> list[str]:
    """The types of a job's events, without the first."""
    return [entry.type for entry in queue.history(jid)][1:]


def all_done(loop: asyncio.AbstractEventLoop, count: int) -> tuple[asyncio.Event, Callable[[RunnerEvent], None]]:
    """An event of the loop, and the listener that sets it when so many jobs are done."""
    done, left = asyncio.Event(), [None] * count

    def listen(event: RunnerEvent) -> None:
        if isinstance(event, Happened) and isinstance(event.event, JobDone):
            left.pop()
            if not left:
                loop.call_soon_threadsafe(done.set)

    return done, listen


async def until_done(queue: SqliteQueue, router: RunnerRouter, count: int, *, concurrency: int = 10) -> None:
    """Serve until so many jobs are done, then cancel."""
    done, listen = all_done(asyncio.get_running_loop(), count)
    runner = JobRunner(queue, router, concurrency=concurrency, listener=listen)
    serving = asyncio.create_task(runner.serve(SOON))
    await done.wait()
    await cancelled(serving)


async def cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def runner_threads() -> list[Thread]:
    return [thread for thread in all_threads() if thread.name == "adc-runner"]


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    yield
    for thread in runner_threads():
        thread.join(30)
        assert not thread.is_alive()


# -- who runs where ----------------------------------------------------------------------------------------------------


def test_async_handlers_are_tasks_of_the_callers_loop_and_plain_ones_are_not(queue: SqliteQueue) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def awaits(job: Job[int]) -> str:
        loops.append(asyncio.get_running_loop())
        return current_thread().name

    def plain(job: Job[int]) -> str:
        return current_thread().name.rstrip("-123")

    def in_steps(job: Job[int]) -> Steps[str]:
        return f"{(yield from step('awaits', awaits)(job))} for {plain(job)}"

    async def main() -> None:
        await until_done(queue, router, 3)
        assert loops == [asyncio.get_running_loop()] * 2

    router = routed(awaits)
    plain_kind, steps_kind = JobKind("plain", int, result=str), JobKind("steps", int, result=str)
    router.add_job_handler(plain_kind, plain)
    router.add_job_handler(steps_kind, in_steps)
    jids = queue.schedule_many((ACT.new(1), plain_kind.new(1), steps_kind.new(1)))
    asyncio.run(main())

    assert queue.result(ACT, jids[0]) == Success(main_thread().name)
    assert queue.result(plain_kind, jids[1]) == Success("adc-worker")
    assert queue.result(steps_kind, jids[2]) == Success(f"{main_thread().name} for adc-worker")


def test_a_thousand_run_at_once(queue: SqliteQueue) -> None:
    met: list[int] = []

    async def main() -> None:
        all_here = asyncio.Event()

        async def meets(job: Job[int]) -> str:
            met.append(job.payload)
            if len(met) == 1_000:
                all_here.set()
            await all_here.wait()
            return ""

        await until_done(queue, routed(meets), 1_000, concurrency=1_000)

    queue.schedule_many(ACT.new(number) for number in range(1_000))
    asyncio.run(main())

    assert sorted(met) == [*range(1_000)]
    assert queue.counts()["done"] == 1_000


def test_the_loop_goes_on_while_a_plain_handler_waits(queue: SqliteQueue) -> None:
    asked, answered = Event(), Event()

    def waits(job: Job[int]) -> str:
        asked.set()
        return str(answered.wait(30))

    async def answer() -> None:
        while not asked.is_set():
            await asyncio.sleep(0)
        answered.set()

    async def main() -> None:
        await asyncio.gather(until_done(queue, routed(waits), 1), answer())

    jid = queue.schedule(ACT.new(1))
    asyncio.run(main())

    assert queue.result(ACT, jid) == Success("True")


def test_the_store_is_left_to_a_thread_of_the_runners_own(queue: SqliteQueue) -> None:
    threads: set[str] = set()

    async def acts(job: Job[int]) -> str:
        return ""

    async def main() -> None:
        done, listen = all_done(asyncio.get_running_loop(), 1)

        def note(event: RunnerEvent) -> None:
            threads.add(current_thread().name)
            listen(event)

        serving = asyncio.create_task(JobRunner(queue, routed(acts), listener=note).serve())
        await done.wait()
        await cancelled(serving)

    queue.schedule(ACT.new(1))
    asyncio.run(main())

    assert threads == {"adc-runner"}


def test_signals_are_left_to_the_caller(queue: SqliteQueue) -> None:
    seen: list[object] = []

    async def looks(job: Job[int]) -> str:
        seen.append(signal.getsignal(signal.SIGTERM))
        return ""

    before = signal.getsignal(signal.SIGTERM)
    queue.schedule(ACT.new(1))
    asyncio.run(until_done(queue, routed(looks), 1))

    assert seen == [before]


def test_handlers_see_the_context_of_the_caller_and_not_each_others(queue: SqliteQueue) -> None:
    seen: list[str] = []

    async def sets(job: Job[int]) -> str:
        seen.append(whose.get())
        whose.set("the first one's")
        return ""

    def plain(job: Job[int]) -> str:
        seen.append(whose.get())
        return ""

    async def main() -> None:
        whose.set("the caller's")
        await until_done(queue, router, 3)
        seen.append(whose.get())

    router = routed(sets)
    plain_kind = JobKind("plain", int, result=str)
    router.add_job_handler(plain_kind, plain)
    queue.schedule_many((ACT.new(1), ACT.new(2), plain_kind.new(3)))
    asyncio.run(main())

    assert seen == ["the caller's"] * 4


def test_two_runners_are_served_in_one_loop(queue: SqliteQueue) -> None:
    """Each has one place, so their jobs run at once only if both run."""

    async def main() -> None:
        together = asyncio.Barrier(2)

        async def meets(job: Job[int]) -> str:
            await together.wait()
            return ""

        done, listen = all_done(asyncio.get_running_loop(), 2)
        runners = [JobRunner(queue, routed(meets), concurrency=1, listener=listen) for _ in range(2)]
        serving = [asyncio.create_task(runner.serve(SOON)) for runner in runners]
        await done.wait()
        for task in serving:
            await cancelled(task)

    jids = queue.schedule_many((ACT.new(1), ACT.new(2)))
    asyncio.run(main())

    assert [told(queue, jid) for jid in jids] == [["JobStarted", "JobDone"]] * 2
    assert len({queue.history(jid)[1].actor for jid in jids}) == 2


# -- how it ends -------------------------------------------------------------------------------------------------------


def begun_then(
    queue: SqliteQueue, kind: JobKind[int, str], last: Callable[[Job[int]], Awaitable[str]],
    then: Callable[[JobRunner, "asyncio.Task[None]"], Coroutine[object, object, None]],
) -> Xid:  # fmt: skip
    """Serve one job, and when its handler has begun, do something."""

    async def main() -> None:
        begun = asyncio.Event()

        async def begins(job: Job[int]) -> str:
            begun.set()
            return await last(job)

        runner = JobRunner(queue, routed(begins, kind))
        serving = asyncio.create_task(runner.serve(SOON))
        await begun.wait()
        await then(runner, serving)

    jid = queue.schedule(kind.new(1))
    asyncio.run(main())
    return jid


async def until_told(job: Job[int]) -> str:
    while not job.cancellation.cancelled:
        await asyncio.sleep(0)
    return "told"


async def forever(job: Job[int]) -> str:
    await asyncio.Event().wait()
    return "never"


async def cancels(_: JobRunner, serving: "asyncio.Task[None]") -> None:
    await cancelled(serving)


def test_who_cancels_it_waits_for_attempts_that_heed_their_token(queue: SqliteQueue) -> None:
    jid = begun_then(queue, ACT, until_told, cancels)

    assert queue.result(ACT, jid) == Success("told")


def test_what_does_not_end_is_given_back(queue: SqliteQueue) -> None:
    jid = begun_then(queue, HASTY, forever, cancels)

    assert told(queue, jid) == ["JobStarted", "JobReleased"]


def test_stop_ends_it_without_an_error(queue: SqliteQueue) -> None:
    async def stops(runner: JobRunner, serving: "asyncio.Task[None]") -> None:
        runner.stop()
        await serving

    jid = begun_then(queue, ACT, until_told, stops)

    assert queue.result(ACT, jid) == Success("told")


def test_who_cancels_it_twice_leaves_at_once(queue: SqliteQueue) -> None:
    free = Event()

    async def holds(job: Job[int]) -> str:
        await asyncio.to_thread(free.wait, 30)
        return "done"

    async def cancels_twice(_: JobRunner, serving: "asyncio.Task[None]") -> None:
        serving.cancel()
        await asyncio.sleep(0)
        (thread,) = runner_threads()
        await cancelled(serving)
        assert thread.is_alive()
        free.set()
        await asyncio.to_thread(thread.join, 30)

    jid = begun_then(queue, ACT, holds, cancels_twice)

    assert queue.result(ACT, jid) == Success("done")


def test_a_program_that_ends_with_its_jobs_running_gives_them_back(queue: SqliteQueue) -> None:
    """asyncio.run cancels all tasks that are left, those of handlers too."""

    async def ends(_: JobRunner, serving: "asyncio.Task[None]") -> None:
        return

    jid = begun_then(queue, ACT, forever, ends)

    assert told(queue, jid)[:2] == ["JobStarted", "JobReleased"]
    assert {*told(queue, jid)} == {"JobStarted", "JobReleased"}
    assert queue.history(jid)[2].data["why"] == "shutdown"


def test_trouble_comes_out(queue: SqliteQueue) -> None:
    runner = JobRunner(queue, routed(until_told))
    queue.close()

    with pytest.raises(StoreClosed):
        asyncio.run(runner.serve())


def test_what_a_listener_raises_comes_out(queue: SqliteQueue) -> None:
    def refuses(event: RunnerEvent) -> None:
        raise StopIteration if isinstance(event, Happened) else LookupError(type(event).__name__)

    with pytest.raises(LookupError, match="RunnerStarted"):
        asyncio.run(JobRunner(queue, routed(until_told), listener=refuses).serve())


def test_trouble_at_the_end_comes_out_of_who_cancelled_it(queue: SqliteQueue) -> None:
    async def breaks(_: JobRunner, serving: "asyncio.Task[None]") -> None:
        queue.close()
        serving.cancel()
        with pytest.raises(StoreClosed):
            await serving

    begun_then(queue, ACT, until_told, breaks)


def test_one_run_at_a_time_and_then_another(queue: SqliteQueue) -> None:
    async def again(runner: JobRunner, serving: "asyncio.Task[None]") -> None:
        with pytest.raises(RuntimeError, match="this runner runs already"):
            await runner.serve()
        await cancelled(serving)
        runner.stop()  # none runs: the next one stops at once
        await runner.serve()

    begun_then(queue, ACT, until_told, again)


def test_a_cancel_that_comes_when_the_run_is_over_stops_no_other_one(queue: SqliteQueue) -> None:
    async def main() -> None:
        done, listen = all_done(asyncio.get_running_loop(), 1)
        runner = JobRunner(queue, routed(acts), listener=listen)
        runner.stop()
        serving = asyncio.create_task(runner.serve())
        await asyncio.sleep(0)
        for thread in runner_threads():
            thread.join(30)  # the run is over, and the loop doesn't know it yet
        await cancelled(serving)

        queue.schedule(ACT.new(1))
        second = asyncio.create_task(runner.serve(SOON))
        await done.wait()
        await cancelled(second)

    async def acts(job: Job[int]) -> str:
        return ""

    asyncio.run(main())


def test_the_driver_inline_can_not_serve(queue: SqliteQueue) -> None:
    with pytest.raises(ValueError, match="to serve with, got 'inline'"):
        asyncio.run(JobRunner(queue, routed(until_told), driver="inline").serve())


# -- loops that misbehave ----------------------------------------------------------------------------------------------


def test_while_the_loop_is_busy_handlers_wait(queue: SqliteQueue) -> None:
    claimed = Event()

    async def acts(job: Job[int]) -> str:
        return "done"

    async def main() -> None:
        done, listen = all_done(asyncio.get_running_loop(), 1)

        def note(event: RunnerEvent) -> None:
            if isinstance(event, Happened) and isinstance(event.event, JobStarted):
                claimed.set()
            listen(event)

        serving = asyncio.create_task(JobRunner(queue, routed(acts), listener=note).serve(SOON))
        await asyncio.sleep(0)
        assert claimed.wait(30)  # nothing else runs in the loop meanwhile
        assert told(queue, jid) == ["JobStarted"]
        await done.wait()
        await cancelled(serving)

    jid = queue.schedule(ACT.new(1))
    asyncio.run(main())

    assert queue.result(ACT, jid) == Success("done")


def test_where_the_loop_was_closed_the_runner_stops_and_gives_jobs_back(queue: SqliteQueue) -> None:
    async def acts(job: Job[int]) -> str:
        return "done"

    async def begin() -> None:
        done, listen = all_done(asyncio.get_running_loop(), 1)
        runner = JobRunner(queue, routed(acts, HASTY), listener=listen)
        keep.append(asyncio.create_task(runner.serve(SOON)))
        await done.wait()

    keep: list[asyncio.Task[None]] = []
    queue.schedule(HASTY.new(1))
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _, context: None)  # it tells of the task that was destroyed
    loop.run_until_complete(begin())
    loop.close()  # and nobody cancelled the task

    (thread,) = runner_threads()
    jids = queue.schedule_many((HASTY.new(2), HASTY.new(3)))
    thread.join(30)

    assert not thread.is_alive()
    assert [told(queue, jid) for jid in jids] == [["JobStarted", "JobReleased"]] * 2
