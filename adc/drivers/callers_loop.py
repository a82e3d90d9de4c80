"""CallersLoop: the event loop of whoever awaits `serve`, for the tasks of a runner that has a thread of its own.

Tasks begin a few at a time: the others of that loop shall not wait for a thousand handlers that begin at once. Each has
a copy of the context in which it was asked for.
"""

from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Final, final

from typing_extensions import TypeVar

from adc.drivers.loop_thread import GRACE_SECONDS

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from concurrent.futures import Future

T = TypeVar("T")

BURST: Final = 20
"""So many tasks begin in one round of the loop: about a millisecond's work."""

MOST_AT_ONCE: Final = 100
"""So many reports are stored in one turn of the runner, and as many jobs claimed: the loop waits for Python meanwhile.

With 1,000 no-ops at once its delay is 1.5 ms (p99), and 7 ms when all are stored in one turn. With 50, it takes a tenth
longer until the first 1,000 run.
"""


@final
class CallersLoop:
    """Threads may share it. Its tasks end with the runner; the loop, and what else runs there, is the caller's."""

    def __init__(self, loop: "AbstractEventLoop") -> None:
        self._loop = loop
        self._lock = Lock()
        self._wanted: deque[Callable[[], None]] = deque()
        """What begins tasks; once all is over, it drops them."""
        self._woken = False
        self._running: set[Task[object]] = set()
        self._closing = False
        self._all_home: SimpleQueue[None] = SimpleQueue()
        self._stop: Callable[[], None] | None = None
        self._asked_to_stop = False

    def start(self, coroutine: Coroutine[object, object, None]) -> None:
        """`submit`, for what nobody waits for.

        For a thousand at once that costs a sixth of what asyncio.run_coroutine_threadsafe does.
        """
        self._want(coroutine, None)

    def submit(self, coroutine: Coroutine[object, object, T]) -> "Future[T]":
        """Run it as a task; where the loop is closed it never runs, and the runner stops."""
        from concurrent.futures import Future  # noqa: PLC0415  import adc shall not import it

        promise = Future[T]()
        self._want(coroutine, promise)
        return promise

    def close(self) -> None:
        """Cancel what still runs, and give it a moment to end."""
        self._closing = True
        try:
            self._loop.call_soon_threadsafe(self._cancel_all)
        except RuntimeError:  # it is closed
            self._begin_all()
            return
        with suppress(Empty):
            self._all_home.get(timeout=GRACE_SECONDS)

    def stopped_by(self, stop: Callable[[], None]) -> None:
        """How the run that uses this loop is stopped."""
        self._stop = stop
        if self._asked_to_stop:
            stop()

    def stop(self) -> None:
        """Stop the run that uses this loop, and no other one: if it hasn't begun, as soon as it does."""
        self._asked_to_stop = True
        if self._stop is not None:
            self._stop()

    def _want(self, coroutine: Coroutine[object, object, T], promise: "Future[T] | None") -> None:
        if self._closing:
            coroutine.close()
            raise RuntimeError("the runner has ended")
        self._wanted.append(partial(self._begin, coroutine, promise, copy_context()))
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            if self._woken:
                return
            self._woken = True
        try:
            self._loop.call_soon_threadsafe(self._begin_some)
        except RuntimeError:  # it is closed
            self._woken = False
            self._begin_all()
            self.stop()

    def _begin_some(self) -> None:
        for _ in range(min(BURST, len(self._wanted))):
            self._wanted.popleft()()
        with self._lock:
            self._woken = bool(self._wanted)
        if self._woken:
            self._loop.call_soon(self._begin_some)  # after those that have just begun, and whatever else waits

    def _begin(self, coroutine: Coroutine[object, object, T], promise: "Future[T] | None", context: Context) -> None:
        if self._closing or self._loop.is_closed():
            coroutine.close()
            if promise is not None:
                promise.cancel()
            return
        task = self._loop.create_task(coroutine, context=context)
        self._running.add(task)  # the loop itself holds no task
        task.add_done_callback(self._ended)
        if promise is not None:
            task.add_done_callback(partial(_keep, promise))

    def _ended(self, task: "Task[object]") -> None:
        self._running.discard(task)
        if self._closing and not self._running:
            self._all_home.put(None)

    def _cancel_all(self) -> None:
        self._begin_all()
        for task in self._running:
            if not task.cancelling():  # else it was told, and does what it does last
                task.cancel()
        if not self._running:
            self._all_home.put(None)

    def _begin_all(self) -> None:
        while self._wanted:
            self._wanted.popleft()()


def _keep(promise: "Future[T]", task: "Task[T]") -> None:
    """Whoever waits gets what the task gave or raised."""
    if task.cancelled():
        promise.cancel()
    elif (error := task.exception()) is None:
        promise.set_result(task.result())
    else:
        promise.set_exception(error)
