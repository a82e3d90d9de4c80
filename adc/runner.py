"""JobRunner: runs the jobs of a queue with the handlers of a router."""

from collections.abc import Collection, Generator
from contextlib import suppress
from datetime import timedelta
from threading import Lock, Thread
from typing import Final, Literal, Protocol, TypeAlias, final

from adc import system
from adc.claiming import Desk
from adc.core.instants import Span, delay_of, limit_of, span_of
from adc.core.names import name_of, number_of
from adc.core.terms import DEFAULT_QUEUE
from adc.drivers.audience import Audience
from adc.drivers.drive import Hands, drive
from adc.drivers.inline import Inline
from adc.drivers.signals import stopped_by_signals
from adc.drivers.threads import Threads
from adc.drivers.turn import Listener
from adc.handling.fault import Scrub
from adc.handling.route import Routes
from adc.ports.clock import Clock, Dice
from adc.ports.store import Enrolment, Store, Wanted
from adc.ports.trouble import StoreBusy
from adc.router import RunnerRouter
from adc.running.events import RunnerEvent
from adc.running.loop import Plan, Until
from adc.running.loop import run as run_plan

Driver: TypeAlias = Literal["threads", "inline"]
"""Who runs handlers: worker threads and an event loop; or the calling thread, one job at a time, to debug and test."""

POLL_INTERVAL: Final = timedelta(seconds=1)


class HasStore(Protocol):
    """What a runner needs of its queue."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def dice(self) -> Dice: ...


@final
class JobRunner:
    """Claims jobs that are due and runs them, up to `concurrency` at once.

    `queues` are those that it serves. `shutdown_timeout` is how long attempts may still run once it was asked to stop;
    then their jobs are given back (while others hold the file's lock, that takes up to two busy_timeouts more). `lease`
    is only stored yet: nobody takes the jobs of a runner that was killed, which stay started. `scrub` takes what must
    not be stored out of messages and tracebacks of failed attempts. `listener` is told what happens, on the runner's
    thread: it must not wait, and what it raises stops the run and comes out.

    One run at a time: `run`, `run_until_idle`, `run_until_empty` or `events`. On the main thread they heed SIGINT and
    SIGTERM: the first one stops the run as `stop` does, the second one raises KeyboardInterrupt at once. Trouble with
    the store comes out of them as StoreTrouble, except that a busy one is tried again once the run has begun, and as
    ReportsUnstored if it is busy to the end of a shutdown.
    """

    def __init__(
        self,
        queue: HasStore,
        router: RunnerRouter,
        *,
        concurrency: int = 10,
        queues: Collection[str] = (DEFAULT_QUEUE,),
        lease: timedelta = timedelta(seconds=30),
        shutdown_timeout: timedelta = timedelta(seconds=15),
        driver: Driver = "threads",
        scrub: Scrub | None = None,
        listener: Listener | None = None,
    ) -> None:
        if number_of("concurrency", concurrency) < 1:
            raise ValueError(f"expected a concurrency of 1 or more, got {concurrency}")
        if not router.kinds:
            raise ValueError("expected a router with handlers, got an empty one")
        if driver not in ("threads", "inline"):
            raise ValueError(f"expected the driver 'threads' or 'inline', got {driver!r}")
        self._queue = queue
        self._router = router
        self._concurrency = 1 if driver == "inline" else concurrency
        self._queues = _queue_names(queues)
        self._lease = limit_of("lease", lease)
        self._shutdown_timeout = delay_of("shutdown_timeout", shutdown_timeout)
        self._driver: Driver = driver
        self._scrub = scrub
        self._listener = listener
        self._one_run = Lock()
        self._hands: Hands | None = None
        self._asked_to_stop = False

    def run(self, poll_interval: timedelta = POLL_INTERVAL) -> None:
        """Run jobs until `stop`, or a signal. `poll_interval` is how often to look for jobs of other processes."""
        self._run("stopped", limit_of("poll_interval", poll_interval))

    def run_until_idle(self) -> None:
        """Run jobs until none of its kinds and queues is due and none of its own runs."""
        self._run("idle", span_of(POLL_INTERVAL))

    def run_until_empty(self) -> None:
        """Run jobs until none of its kinds and queues waits, not for a retry either, and none of its own runs."""
        self._run("empty", span_of(POLL_INTERVAL))

    def events(self, poll_interval: timedelta = POLL_INTERVAL) -> Generator[RunnerEvent, None, None]:
        """Run jobs in a thread, from the first `next` on, and tell what happens.

        The runner doesn't wait for the reader: of a slow one's events the oldest are dropped, and EventsDropped tells
        how many. Closing the iterator stops the run and waits for its end.
        """
        return self._events(limit_of("poll_interval", poll_interval))

    def stop(self) -> None:
        """Ask the run to stop, and don't wait for it; from any thread. If none runs, the next one stops at once."""
        self._asked_to_stop = True
        hands = self._hands
        if hands is not None:
            hands.stop()

    def _events(self, poll_interval: Span) -> Generator[RunnerEvent, None, None]:
        audience = Audience()
        thread = Thread(target=self._tell, args=(poll_interval, audience), name="adc-runner", daemon=True)
        thread.start()
        try:
            yield from audience.read()
        finally:
            if not audience.ended:  # else the thread is at its end, and who runs now isn't ours to stop
                self.stop()
            thread.join()

    def _tell(self, poll_interval: Span, audience: Audience) -> None:
        try:
            self._run("stopped", poll_interval, audience)
        except BaseException as error:  # noqa: BLE001  the reader's to raise
            audience.end(error)
        else:
            audience.end(None)

    def _run(self, until: Until, poll_interval: Span, audience: Audience | None = None) -> None:
        if not self._one_run.acquire(blocking=False):
            raise RuntimeError("this runner runs already: make another one")
        try:
            with stopped_by_signals(self.stop):
                self._run_once(until, poll_interval, self._listening(audience))
        finally:
            self._hands, self._asked_to_stop = None, False
            self._one_run.release()

    def _run_once(self, until: Until, poll_interval: Span, listener: Listener | None) -> None:
        routes = {address: route.scrubbed(self._scrub) for address, route in self._router.routes.items()}
        desk = self._desk(routes)
        hands = Inline(routes, desk.clock) if self._driver == "inline" else Threads(routes, desk.clock)
        self._hands = hands
        if self._asked_to_stop:
            hands.stop()
        desk.store.enrol(self._enrolment(desk))
        plan = Plan(desk.runner, self._concurrency, poll_interval, until, self._shutdown_timeout)
        drive(run_plan(plan), desk, hands, listener)
        # Only after an orderly end: one that was broken off is found by its lease, as if its process had died.
        with suppress(StoreBusy):  # nothing is held any more: others find that it is gone
            desk.store.resign(desk.runner)

    def _listening(self, audience: Audience | None) -> Listener | None:
        listener = self._listener
        if audience is None or listener is None:
            return listener if audience is None else audience.tell

        def tell_both(event: RunnerEvent) -> None:
            audience.tell(event)
            listener(event)

        return tell_both

    def _desk(self, routes: Routes) -> Desk:
        queue, wanted = self._queue, Wanted(self._queues, tuple(routes))
        return Desk(queue.store, queue.clock, queue.dice, system.new_runner_id(), wanted)

    def _enrolment(self, desk: Desk) -> Enrolment:
        here = system.place()
        return Enrolment(desk.runner, here.host, here.pid, here.boot_id, desk.clock.now(), self._lease)


def _queue_names(queues: Collection[str]) -> tuple[str, ...]:
    if isinstance(queues, str):
        raise ValueError(f"expected names of queues, such as ({queues!r},), got one text")  # noqa: TRY004  a text is a Collection[str]
    if not queues:
        raise ValueError("expected at least one queue, got none")
    return tuple(dict.fromkeys(name_of("queue", name) for name in queues))
