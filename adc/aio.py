"""AsyncQueue: the verbs of a queue for coroutines; each call runs on one thread, which is the AsyncQueue's own."""

from asyncio import CancelledError, Future, get_running_loop, wrap_future
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from types import TracebackType
from typing import Final, ParamSpec, Self, final

from typing_extensions import TypeVar

from adc.core.ids import Xid
from adc.core.outcome import Outcome
from adc.gathering import Call, Outcomes
from adc.handling.cause import current_cause
from adc.kind import JobKind, NewJob, P, R
from adc.queue import StoreQueue
from adc.refused import CancelRefused, ScheduleRefused, UnscheduleRefused
from adc.scheduling import jid_or_raise

A = ParamSpec("A")
T = TypeVar("T")

MOST_TOGETHER: Final = 1_000
"""So many calls share a commit."""


@final
class AsyncQueue:
    """A queue for coroutines. The verbs are those of SqliteQueue; while one waits for the file, the event loop goes on.

    Calls are carried out in the order in which they were made; those that schedule, and that wait one behind the other,
    share a commit. The thread begins with the first one
    and ends with the block of `async with`, after all that was asked for; after that RuntimeError is raised. The queue
    isn't closed: whoever opened it does that, and others may use it meanwhile.

    An `await` that is cancelled doesn't undo anything: what has begun is carried out, so the job may be stored all the
    same. To schedule the same NewJob again is safe: it is stored once.
    """

    def __init__(self, queue: StoreQueue) -> None:
        self._queue = queue
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="adc-queue")
        self._asked: deque[Call | object] = deque()
        """What the thread hasn't begun, in order: what is to be scheduled, and a mark for each other call."""
        self._order = Lock()
        """Held by whoever changes it: its order is that in which the thread gets the calls."""

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
        (jid,) = await self.schedule_many((job,))
        return jid

    async def schedule_in(self, job: NewJob, delay: timedelta, /) -> Xid:
        """`schedule`, due after a delay; a negative one is a ValueError."""
        return await self.schedule(job.after(delay))

    async def schedule_at(self, job: NewJob, due: datetime, /) -> Xid:
        """`schedule`, due at a moment; a datetime without a zone is a ValueError."""
        return await self.schedule(job.at(due))

    async def schedule_many(self, jobs: Iterable[NewJob], /) -> tuple[Xid, ...]:
        """Store all of the jobs, in one transaction, or none: the first refusal is raised as Refused."""
        wanted = tuple(jobs)
        outcomes = await self._schedule(wanted)
        return tuple(jid_or_raise(job, outcome) for job, outcome in zip(wanted, outcomes, strict=True))

    async def try_schedule(self, job: NewJob, /) -> Outcome[Xid, ScheduleRefused]:
        """`schedule`, with a refusal as a value. To drop the value is to drop the job: no checker sees it."""
        (outcome,) = await self._schedule((job,))
        return outcome

    async def cancel_job(self, jid: Xid, /) -> Outcome[None, CancelRefused]:
        """Never run a job. As `SqliteQueue.cancel_job`."""
        return await self._call(self._queue.cancel_job, jid)

    async def result(self, kind: JobKind[P, R], jid: Xid, /) -> Outcome[R, UnscheduleRefused]:
        """What a completed job gave. WrongState, with the state that it is in, if it isn't done."""
        return await self._call(self._queue.result, kind, jid)

    async def _schedule(self, jobs: tuple[NewJob, ...]) -> Outcomes:
        call = Call(jobs, current_cause())
        try:
            return await self._in_order(call, self._carried_out, call)
        except CancelledError:
            with self._order, suppress(ValueError):  # the thread has it
                self._asked.remove(call)
            raise

    async def _call(self, verb: Callable[A, T], /, *args: A.args, **kwargs: A.kwargs) -> T:
        context, mark = copy_context(), object()  # the cause is in the context
        return await self._in_order(mark, self._after_all_before, mark, lambda: context.run(verb, *args, **kwargs))

    def _in_order(self, asked: object, work: Callable[A, T], /, *args: A.args, **kwargs: A.kwargs) -> Future[T]:
        with self._order:
            self._asked.append(asked)
            try:
                return get_running_loop().run_in_executor(self._thread, partial(work, *args, **kwargs))
            except BaseException:
                self._asked.pop()
                raise

    def _after_all_before(self, mark: object, call: Callable[[], T]) -> T:
        """On the thread. What is there still before the mark is of an `await` that was cancelled before it began."""
        with self._order:
            while self._asked.popleft() is not mark:
                pass
        return call()

    def _carried_out(self, call: Call) -> Outcomes:
        """On the thread: with all that is to be scheduled next, if it wasn't carried out with the one before."""
        if self._begins(call):
            self._queue.gathering.carry_out(call, self._next)
        if call.error is not None:
            raise call.error
        return call.outcomes

    def _begins(self, call: Call) -> bool:
        """Whether it is still to be carried out; all that is there before it is of an `await` that was cancelled."""
        with self._order:
            if call.is_over or call not in self._asked:
                return False
            while self._asked.popleft() is not call:
                pass
        return True

    def _next(self) -> list[Call]:
        """What is to be scheduled next, up to a mark."""
        following: list[Call] = []
        with self._order:
            while self._asked and len(following) < MOST_TOGETHER and isinstance(call := self._asked[0], Call):
                following.append(call)
                self._asked.popleft()
        return following


def _nothing() -> None:
    """The last call: all others are before it."""
