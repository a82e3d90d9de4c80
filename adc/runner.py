"""JobRunner: runs the jobs of a queue with the handlers of a router."""

import sys
from collections.abc import Collection, Generator
from datetime import timedelta
from threading import Lock, Thread
from typing import Final, Literal, Protocol, TypeAlias, final, get_args

from adc import system
from adc.claiming import Desk
from adc.core.instants import Span, delay_of, limit_of, span_of, timedelta_of
from adc.core.names import name_of, number_of
from adc.core.terms import DEFAULT_QUEUE
from adc.drivers import serving
from adc.drivers.audience import Audience
from adc.drivers.callers_loop import MOST_AT_ONCE, CallersLoop
from adc.drivers.drive import Hands, drive
from adc.drivers.inline import Inline
from adc.drivers.portable import check_portable, in_processes
from adc.drivers.signals import stopped_by_signals
from adc.drivers.threads import Threads
from adc.drivers.turn import Listener
from adc.handling.fault import Scrub
from adc.handling.route import Routes
from adc.ports.clock import Clock, Dice
from adc.ports.store import Store, Wanted
from adc.ports.trouble import suppress_passing
from adc.rescuing import Watcher
from adc.router import RunnerRouter
from adc.running.events import RunnerEvent
from adc.running.loop import Plan, Until
from adc.running.loop import run as run_plan

Driver: TypeAlias = Literal["threads", "inline", "processes"]
"""Who runs handlers: worker threads and an event loop; the calling thread, one job at a time, to debug and test; or
processes, which cost more for each job, but keep all cores busy, can be killed, and take no other job along.
"""

POLL_INTERVAL: Final = timedelta(seconds=1)

UNHEARD_INTERVAL: Final = Span(250_000)
"""A runner that other processes can't wake looks as often as that: 64 of them take a twentieth of a core."""

BEATS_IN_A_LEASE: Final = 3
"""A runner gives signs of life so much more often than its lease asks for."""

MOST_HANGING: Final = 10
"""So many handlers may hang, though their attempts were abandoned, before the runner stops; or its concurrency."""


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
    then their jobs are given back (while others hold the file's lock, that takes up to two busy_timeouts more); no kind
    may have a longer one. `lease` is how long other runners may see no sign of life of this one, though its process
    lives, until they take its jobs: so long its loop may hang; a process that died is noticed in seconds, whatever the
    lease. `scrub` takes what must not be stored out of messages and tracebacks of failed attempts. `listener` is told
    what happens, on the runner's thread: it must not wait, and what it raises stops the run and comes out. Where
    logging is set up, the logger `adc.runner` has the same, one record an event, with its fields in `extra`.

    One run at a time: `run`, `run_until_idle`, `run_until_empty`, `events` or `serve`. The first three, on the main
    thread, heed SIGINT and SIGTERM: the first one stops the run as `stop` does, the second one raises KeyboardInterrupt
    at once. Trouble with the store comes out of them as StoreTrouble, except that one that passes is waited out once
    the run has begun, and as ReportsUnstored if the store can't be written to the end of a shutdown.
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
        if driver not in get_args(Driver):
            raise ValueError(f"expected a driver, one of {', '.join(get_args(Driver))}, got {driver!r}")
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
        self._routes()  # what can't run is refused here; and again at each run, for what was added meanwhile

    def run(self, poll_interval: timedelta = POLL_INTERVAL) -> None:
        """Run jobs until `stop`, or a signal.

        `poll_interval` is how often to look for jobs of which nobody told it; who schedules with adc tells it at once.
        """
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

    async def serve(self, poll_interval: timedelta = POLL_INTERVAL) -> None:
        """`run` beside the other tasks of an event loop: async handlers are tasks of it, and see this context.

        All else is done in threads, so that the loop doesn't wait for the file or for a plain handler. Signals are left
        to the caller. Cancelling the task that awaits this stops the run, waits for its end and raises CancelledError;
        cancelling it once more leaves at once.
        """
        interval = limit_of("poll_interval", poll_interval)
        if self._driver == "inline":
            raise ValueError("expected the driver 'threads' to serve with, got 'inline'")
        await serving.serve(lambda loop: self._run("stopped", interval, loop=loop))

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

    def _run(
        self, until: Until, poll_interval: Span, audience: Audience | None = None, loop: CallersLoop | None = None
    ) -> None:
        if not self._one_run.acquire(blocking=False):
            raise RuntimeError("this runner runs already: make another one")
        try:
            with stopped_by_signals(self.stop):
                self._run_once(until, poll_interval, self._listening(audience), loop)
        finally:
            self._hands, self._asked_to_stop = None, False
            self._one_run.release()

    def _run_once(self, until: Until, poll_interval: Span, listener: Listener | None, loop: CallersLoop | None) -> None:
        routes = self._routes()
        desk = self._desk(routes, "loop" if loop is not None else self._driver)
        hands = Inline(routes, desk.clock) if self._driver == "inline" else Threads(routes, desk.clock, loop)
        self._hands = hands
        if loop is not None:
            loop.stopped_by(hands.stop)
        if self._asked_to_stop:
            hands.stop()
        try:
            desk.store.listen(desk.runner, hands.wake)
            desk.enrol()
            plan = self._plan(desk, routes, poll_interval, until, loop)
            drive(run_plan(plan), desk, hands, Watcher(desk, system.place().boot_id), _logged(desk, listener))
        except BaseException:
            desk.store.let_go(desk.runner)  # so that others find that it is gone, as if its process had died
            raise
        with suppress_passing():
            desk.store.resign(desk.runner)

    def _listening(self, audience: Audience | None) -> Listener | None:
        listener = self._listener
        if audience is None or listener is None:
            return listener if audience is None else audience.tell

        def tell_both(event: RunnerEvent) -> None:
            audience.tell(event)
            listener(event)

        return tell_both

    def _routes(self) -> Routes:
        """What it runs, checked: raises ValueError, or TypeError for what can't go to a process."""
        routes: Routes = {address: route.scrubbed(self._scrub) for address, route in self._router.routes.items()}
        if self._driver == "processes":
            routes = in_processes(routes)
        self._refuse_long_graces(routes)
        check_portable(routes)
        return routes

    def _desk(self, routes: Routes, driver: str) -> Desk:
        queue = self._queue
        return Desk(
            *(queue.store, queue.clock, queue.dice, system.new_runner_id(), Wanted(self._queues, tuple(routes))),
            driver=driver,
            # A handler that runs inline, or stands at a breakpoint, keeps the loop from giving signs of life.
            lease=None if self._driver == "inline" else self._lease,
            isolates=all(route.form == "process" for route in routes.values()),
        )

    def _plan(self, desk: Desk, routes: Routes, poll_interval: Span, until: Until, loop: CallersLoop | None) -> Plan:
        look_interval = poll_interval if desk.store.is_heard(desk.runner) else min(poll_interval, UNHEARD_INTERVAL)
        return Plan(
            *(desk.runner, self._concurrency, look_interval, until, self._shutdown_timeout),
            watch_interval=min(poll_interval, Span(self._lease // BEATS_IN_A_LEASE)),
            most_hanging=max(self._concurrency, MOST_HANGING),
            first_rest=Span(int(look_interval * desk.dice.noise())),
            graces={at: each.shutdown_timeout for at, each in routes.items() if each.shutdown_timeout is not None},
            most_claims=None if loop is None else MOST_AT_ONCE,
        )

    def _refuse_long_graces(self, routes: Routes) -> None:
        for route in routes.values():
            if route.shutdown_timeout is not None and route.shutdown_timeout > self._shutdown_timeout:
                raise ValueError(
                    f"kind {route.kind!r} has a shutdown_timeout of {timedelta_of(route.shutdown_timeout)}, its runner "
                    f"one of {timedelta_of(self._shutdown_timeout)}: give the runner a longer one"
                )


def _logged(desk: Desk, listener: Listener | None) -> Listener | None:
    """What happens is logged too, if the program logs: else nobody pays for the import."""
    if "logging" not in sys.modules:
        return listener
    from adc.drivers.logged import logged  # noqa: PLC0415

    return logged(desk.runner, listener)


def _queue_names(queues: Collection[str]) -> tuple[str, ...]:
    if isinstance(queues, str):
        raise ValueError(f"expected names of queues, such as ({queues!r},), got one text")  # noqa: TRY004  a text is a Collection[str]
    if not queues:
        raise ValueError("expected at least one queue, got none")
    return tuple(dict.fromkeys(name_of("queue", name) for name in queues))
