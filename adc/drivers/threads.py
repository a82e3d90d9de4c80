"""Threads: plain handlers on worker threads, async ones as tasks of one event loop, and a SimpleQueue each way.

A worker takes what it can get without letting go of the GIL, so a burst of short jobs costs few switches. A thread
can't be stopped from outside: an abandoned one runs on until its handler returns, another takes its place meanwhile,
and what it still says isn't heard. The attempt of a child process has a worker too, which waits for it.
"""

from collections.abc import Awaitable, Callable
from contextvars import copy_context
from os import getpid
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias, final

from msgspec.structs import replace

from adc.core.ids import Xid
from adc.core.instants import Span
from adc.core.outcome import Success
from adc.core.terms import Token
from adc.drivers.callers_loop import MOST_AT_ONCE
from adc.drivers.launched import Launched
from adc.drivers.loop_thread import LoopThread, TaskLoop
from adc.drivers.outbox import Outbox
from adc.drivers.perform import perform
from adc.drivers.processes import Children, Sent
from adc.handling.job import Held
from adc.handling.route import Routes
from adc.handling.said import said_of
from adc.ports.clock import Clock
from adc.ports.wakeup import Wake
from adc.running.wishes import Woken

_Attempt: TypeAlias = Launched | Sent


@final
class Threads:
    """Hands that work while the loop goes on. `loop` runs what is async; None: one on a thread of its own."""

    def __init__(self, routes: Routes, clock: Clock, loop: TaskLoop | None = None) -> None:
        self._routes = routes
        self._pid = getpid()
        self._clock = clock
        self._inbox: SimpleQueue[_Attempt | None] = SimpleQueue()
        self._outbox = Outbox(clock) if loop is None else Outbox(clock, MOST_AT_ONCE)
        self._loop: TaskLoop = LoopThread() if loop is None else loop
        self._children = Children(routes, clock)
        self._running: dict[Xid, _Attempt] = {}
        self._abandoned: dict[tuple[Xid, Token], _Attempt] = {}
        """Those whose worker hasn't come home."""
        self._workers: list[Thread] = []
        self._useful = 0
        """Workers that take attempts: all but those of the abandoned."""
        self._busy = 0
        """Attempts that a worker runs, and that aren't abandoned."""
        self.stop: Callable[[], None] = self._outbox.stop
        self.wake: Wake = self._outbox.wake

    def launch(self, held: Held) -> None:
        """Hand an attempt to a worker, or to the event loop."""
        terms = held.state.terms
        route = self._routes[terms.kind, terms.payload_version]
        if route.form == "async":
            task = self._running[held.jid] = Launched(held, route, self._pid)
            self._loop.start(self._as_task(task))
            return
        launched = Sent(held) if route.form == "process" else Launched(held, route, self._pid)
        self._running[held.jid] = launched
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
            elif self._abandoned.pop((report.jid, report.token), None) is not None:
                self._useful += 1  # its worker takes attempts again
        return replace(woken, hanging=self._hanging()) if self._abandoned else woken

    def interrupt(self) -> None:
        """Tell all attempts that the runner stops."""
        for launched in self._running.values():
            launched.interrupt()

    def cancel(self, jid: Xid, token: Token) -> None:
        """Tell an attempt that its job was cancelled: one that has just ended needn't know."""
        launched = self._running.get(jid)
        if launched is not None and launched.held.state.token == token:
            launched.cancel()

    def abandon(self, jid: Xid, token: Token) -> None:
        """Wait no longer for an attempt."""
        launched = self._running[jid]
        launched.abandon()
        self._forget(launched)
        if launched.form != "async":
            self._useful -= 1
            self._abandoned[jid, token] = launched

    def close(self) -> None:
        """Let the workers go home."""
        for launched in tuple(self._running.values()):
            self.abandon(launched.held.jid, launched.held.state.token)
        self._loop.close()
        self._children.close()
        self._inbox.put(None)
        if not self._hanging():
            for worker in self._workers:
                worker.join()

    def _hanging(self) -> int:
        """Handlers that nobody can make return. A child was killed: its worker is on its way home."""
        return sum(launched.form == "plain" for launched in self._abandoned.values())

    def _forget(self, launched: _Attempt) -> None:
        del self._running[launched.held.jid]
        if launched.form != "async":
            self._busy -= 1

    def _start_worker(self) -> None:
        self._useful += 1
        worker = Thread(target=copy_context().run, args=(self._work,), name=f"adc-worker-{self._useful}", daemon=True)
        self._workers = [*filter(Thread.is_alive, self._workers), worker]
        worker.start()

    def _work(self) -> None:
        waiting = _Waiting(self._loop, self._clock)
        while self._one(waiting):
            pass

    def _one(self, waiting: "_Waiting") -> bool:
        """One attempt, and whether to take another. A function of its own, so that no idle worker holds on to a job."""
        launched = self._inbox.get()
        if launched is None:
            self._inbox.put(None)  # for the next worker
            return False
        if isinstance(launched, Launched):
            waiting.launched = launched
            self._outbox.put(launched.report(perform(launched.attempt, self._clock, waiting)))
            waiting.launched = None
        else:
            self._outbox.put(self._children.perform(launched))
        return True

    async def _as_task(self, launched: Launched) -> None:
        try:
            report = await launched.as_task(self._clock)
        except GeneratorExit:  # out of a task of the handler's own: it closes all coroutines but the outermost
            report = launched.report(said_of(GeneratorExit("out of a task of the handler's own")))
        self._outbox.put(report)


@final
class _Waiting:
    """A worker's thread, which waits while what its attempt awaits runs on the event loop."""

    __slots__ = ("_clock", "_loop", "launched")

    def __init__(self, loop: TaskLoop, clock: Clock) -> None:
        self.launched: Launched | None = None
        self._loop = loop
        self._clock = clock

    def run(self, awaitable: Awaitable[object]) -> object:
        """What it gives, or what it raises. A forked copy has no such loop."""
        assert self.launched is not None
        self.launched.stay_one()
        outcome = self._loop.submit(self.launched.settled(awaitable, self._clock)).result()
        if isinstance(outcome, Success):
            return outcome.unwrap()
        raise outcome.failure()

    def heed(self) -> None:
        """Raise the CancelledError that is due."""
        assert self.launched is not None
        self.launched.heed()
