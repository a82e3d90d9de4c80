"""LoopThread: one event loop on a daemon thread, for all that is async; both begin when the first needs them."""

from collections.abc import Coroutine
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final, Protocol, final

from typing_extensions import TypeVar

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from concurrent.futures import Future

T = TypeVar("T")

GRACE_SECONDS: Final = 1.0
"""How long tasks that were cancelled may take to end, when the loop is closed."""


class TaskLoop(Protocol):
    """Where attempts run that are tasks. Any thread may ask."""

    def start(self, coroutine: Coroutine[object, object, None], /) -> None:
        """Run it as a task for which nobody waits: a Future costs as much as the task."""
        ...

    def submit(self, coroutine: Coroutine[object, object, T], /) -> "Future[T]":
        """Run it as a task."""
        ...

    def close(self) -> None:
        """Cancel what still runs, and take nothing more."""
        ...


@final
class LoopThread:
    """Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loop: AbstractEventLoop | None = None
        self._thread = Thread(target=self._serve, name="adc-event-loop", daemon=True)
        self._closing = False
        self._tasks: set[Task[None]] = set()
        """Those for which nobody waits: the loop itself holds no task."""

    def start(self, coroutine: Coroutine[object, object, None]) -> None:
        """Run it as a task for which nobody waits."""
        with self._lock:
            self._running(coroutine).call_soon_threadsafe(self._begin, coroutine)

    def submit(self, coroutine: Coroutine[object, object, T]) -> "Future[T]":
        """Run it as a task."""
        from asyncio import run_coroutine_threadsafe  # noqa: PLC0415

        with self._lock:
            return run_coroutine_threadsafe(coroutine, self._running(coroutine))

    def close(self) -> None:
        """Cancel what still runs, and end the loop. One that a handler blocks is left to itself."""
        with self._lock:
            self._closing = True
            if self._loop is None:
                return
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(2 * GRACE_SECONDS)

    def _running(self, coroutine: Coroutine[object, object, object]) -> "AbstractEventLoop":
        """The loop, for this coroutine; with the lock held."""
        import asyncio  # noqa: PLC0415  import adc shall not import it

        if self._closing:
            coroutine.close()
            raise RuntimeError("the runner has ended, and its event loop with it")
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread.start()
        return self._loop

    def _begin(self, coroutine: Coroutine[object, object, None]) -> None:
        assert self._loop is not None
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _serve(self) -> None:
        loop = self._loop
        assert loop is not None
        while not self._closing:
            # KeyboardInterrupt or SystemExit in a task that a handler made would end the loop for all others.
            with suppress(BaseException):
                loop.run_forever()
        for _ in range(2):  # a stop that came before the loop ran breaks off the first time
            with suppress(BaseException):
                loop.run_until_complete(cancel_all())
        loop.close()


async def cancel_all() -> None:
    """Cancel all other tasks of the loop, and give them a moment to end."""
    import asyncio  # noqa: PLC0415

    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=GRACE_SECONDS)
    await asyncio.get_running_loop().shutdown_asyncgens()
