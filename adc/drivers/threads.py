"""Threads: plain handlers on worker threads, async ones as tasks of one event loop, and a SimpleQueue each way.

A worker takes what it can get without letting go of the GIL, so a burst of short jobs costs few switches. A thread
can't be stopped from outside: an abandoned one runs on until its handler returns, another takes its place, and what it
still says isn't heard.
"""

from collections.abc import Awaitable, Callable
from queue import SimpleQueue
from threading import Thread
from typing import final

from adc.core.ids import Xid
from adc.core.instants import Span
from adc.core.outcome import Success
from adc.core.terms import Token
from adc.drivers.cancellation import Cancellation
from adc.drivers.coroutines import perform_here, settle
from adc.drivers.loop_thread import LoopThread
from adc.drivers.outbox import Outbox
from adc.drivers.perform import perform
from adc.handling.job import Held
from adc.handling.route import AnyRoute, Routes
from adc.handling.said import Report, Said
from adc.ports.clock import Clock
from adc.running.wishes import Woken


@final
class _Launched:
    """One attempt that runs."""

    __slots__ = ("_cancel_task", "_clock", "_loop", "abandoned", "attempt", "cancellation", "form", "held")

    def __init__(self, held: Held, route: AnyRoute, clock: Clock, loop: LoopThread) -> None:
        self.held = held
        self.form = route.form
        self.cancellation = Cancellation()
        self.attempt = route.attempt(held, self.cancellation)
        self.abandoned = False
        self._clock = clock
        self._loop = loop
        self._cancel_task: Callable[[], bool] | None = None

    def report(self, said: Said) -> Report:
        """What it said, with its right to say it."""
        return Report(self.held.jid, self.held.state.token, said)

    def on_this_thread(self) -> Report:
        """Run it, as a worker does."""
        return self.report(perform(self.attempt, self._clock, self))

    def on_the_loop(self, outbox: Outbox) -> None:
        """Begin it as a task, which reports by itself."""
        self._cancel_task = self._loop.submit(self._as_task(outbox)).cancel

    async def _as_task(self, outbox: Outbox) -> None:
        outbox.put(self.report(await perform_here(self.attempt, self._clock)))

    def run(self, awaitable: Awaitable[object]) -> object:
        """What the attempt of a plain handler awaits goes to the event loop; its thread waits."""
        task = self._loop.submit(settle(awaitable, self._clock))
        self._cancel_task = task.cancel
        if self.abandoned:
            task.cancel()
        outcome = task.result()
        if isinstance(outcome, Success):
            return outcome.unwrap()
        raise outcome.failure()

    def abandon(self) -> None:
        """Ask it to end; a task, or a thread that waits for one, is made to."""
        self.abandoned = True
        self.cancellation.cancel()
        if self._cancel_task is not None:
            self._cancel_task()


@final
class Threads:
    """Hands that work while the loop goes on."""

    def __init__(self, routes: Routes, clock: Clock) -> None:
        self._routes = routes
        self._clock = clock
        self._inbox: SimpleQueue[_Launched | None] = SimpleQueue()
        self._outbox = Outbox(clock)
        self._loop = LoopThread()
        self._running: dict[Xid, _Launched] = {}
        self._workers: list[Thread] = []
        self._useful = 0
        """Workers that take attempts: all but those whose attempt was abandoned."""
        self._busy = 0
        """Plain attempts that run, and aren't abandoned."""
        self._lost = False
        """Whether a worker's attempt was ever abandoned: nobody knows when that one comes home."""
        self.stop: Callable[[], None] = self._outbox.stop

    def launch(self, held: Held) -> None:
        """Hand an attempt to a worker, or to the event loop."""
        terms = held.state.terms
        launched = _Launched(held, self._routes[terms.kind, terms.payload_version], self._clock, self._loop)
        self._running[held.jid] = launched
        if launched.form == "async":
            launched.on_the_loop(self._outbox)
            return
        self._busy += 1
        if self._busy > self._useful:
            self._start_worker()
        self._inbox.put(launched)

    def wait(self, at_most: Span) -> Woken:
        """Wait for reports, or for `stop`."""
        woken = self._outbox.wait(at_most)
        for report in woken.reports:
            launched = self._running.get(report.jid)
            if launched is not None and launched.held.state.token is report.token:
                self._forget(launched)
        return woken

    def interrupt(self) -> None:
        """Tell all attempts that the runner stops."""
        for launched in self._running.values():
            launched.cancellation.cancel()

    def abandon(self, jid: Xid, token: Token) -> None:  # noqa: ARG002  one attempt of a job runs at a time
        """Wait no longer for an attempt."""
        launched = self._running[jid]
        launched.abandon()
        self._forget(launched)
        if launched.form == "plain":
            self._useful -= 1
            self._lost = True

    def close(self) -> None:
        """Let the workers go home."""
        for launched in tuple(self._running.values()):
            self.abandon(launched.held.jid, launched.held.state.token)
        self._loop.close()
        self._inbox.put(None)
        if not self._lost:
            for worker in self._workers:
                worker.join()

    def _forget(self, launched: _Launched) -> None:
        del self._running[launched.held.jid]
        if launched.form == "plain":
            self._busy -= 1

    def _start_worker(self) -> None:
        self._useful += 1
        worker = Thread(target=self._work, name=f"adc-worker-{self._useful}", daemon=True)
        self._workers = [*filter(Thread.is_alive, self._workers), worker]
        worker.start()

    def _work(self) -> None:
        while self._one():
            pass

    def _one(self) -> bool:
        """One attempt, and whether to take another. A function of its own, so that no idle worker holds on to a job."""
        launched = self._inbox.get()
        if launched is None:
            self._inbox.put(None)  # for the next worker
            return False
        self._outbox.put(launched.on_this_thread())
        return not launched.abandoned
