"""AsyncQueue: the verbs of a queue for coroutines; each call runs on one thread, which is the AsyncQueue's own."""

from asyncio import get_running_loop, wrap_future
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import ParamSpec, Self, final

from typing_extensions import TypeVar

from adc.core.ids import Xid
from adc.core.outcome import Outcome
from adc.kind import JobKind, NewJob, P, R
from adc.queue import StoreQueue
from adc.refused import CancelRefused, ScheduleRefused, UnscheduleRefused

A = ParamSpec("A")
T = TypeVar("T")


@final
class AsyncQueue:
    """A queue for coroutines. The verbs are those of SqliteQueue; while one waits for the file, the event loop goes on.

    Calls are carried out one after another, in the order in which they were made. The thread begins with the first one
    and ends with the block of `async with`, after all that was asked for; after that RuntimeError is raised. The queue
    isn't closed: whoever opened it does that, and others may use it meanwhile.

    An `await` that is cancelled doesn't undo anything: what has begun is carried out, so the job may be stored all the
    same. To schedule the same NewJob again is safe: it is stored once.
    """

    def __init__(self, queue: StoreQueue) -> None:
        self._queue = queue
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="adc-queue")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        last = self._thread.submit(_nothing)
        self._thread.shutdown(wait=False)  # to wait is the coroutine's part: the event loop goes on
        await wrap_future(last)

    async def schedule(self, job: NewJob, /) -> Xid:
        """Store a job; once this returns it is not lost. As `SqliteQueue.schedule`."""
        return await self._call(self._queue.schedule, job)

    async def schedule_in(self, job: NewJob, delay: timedelta, /) -> Xid:
        """`schedule`, due after a delay; a negative one is a ValueError."""
        return await self._call(self._queue.schedule_in, job, delay)

    async def schedule_at(self, job: NewJob, due: datetime, /) -> Xid:
        """`schedule`, due at a moment; a datetime without a zone is a ValueError."""
        return await self._call(self._queue.schedule_at, job, due)

    async def schedule_many(self, jobs: Iterable[NewJob], /) -> tuple[Xid, ...]:
        """Store all of the jobs, in one transaction, or none: the first refusal is raised as Refused."""
        return await self._call(self._queue.schedule_many, tuple(jobs))  # whoever made the iterable runs it, here

    async def try_schedule(self, job: NewJob, /) -> Outcome[Xid, ScheduleRefused]:
        """`schedule`, with a refusal as a value. To drop the value is to drop the job: no checker sees it."""
        return await self._call(self._queue.try_schedule, job)

    async def cancel_job(self, jid: Xid, /) -> Outcome[None, CancelRefused]:
        """Never run a job. As `SqliteQueue.cancel_job`."""
        return await self._call(self._queue.cancel_job, jid)

    async def result(self, kind: JobKind[P, R], jid: Xid, /) -> Outcome[R, UnscheduleRefused]:
        """What a completed job gave. WrongState, with the state that it is in, if it isn't done."""
        return await self._call(self._queue.result, kind, jid)

    async def _call(self, verb: Callable[A, T], /, *args: A.args, **kwargs: A.kwargs) -> T:
        call = partial(copy_context().run, verb, *args, **kwargs)  # the cause is in the context
        return await get_running_loop().run_in_executor(self._thread, call)


def _nothing() -> None:
    """The last call: all others are before it."""
