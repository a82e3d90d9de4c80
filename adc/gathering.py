"""Gathering: producers in many threads share commits; each call returns when its own jobs are stored, and not before.

Who comes while nobody writes carries out its own call. Who comes meanwhile waits, and the next one to write carries out
all that wait, in one transaction. To schedule a job once more stores nothing twice: so whatever becomes of the one who
writes, each of the others can still carry out its own.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, get_ident
from typing import Final, TypeAlias, final

from msgspec import Struct

from adc.core.ids import Xid
from adc.core.outcome import Outcome, Success
from adc.kind import NewJob
from adc.ports.clock import Clock
from adc.ports.store import Store, Writing
from adc.ports.trouble import OutcomeUnknown, StoreBusy, StoreTrouble, VersionConflict
from adc.refused import ScheduleRefused
from adc.scheduling import schedule_all

PATIENCE: Final = 1.0
"""Seconds after which who waits looks by itself: it is only needed where whoever should wake it was interrupted."""


Outcomes: TypeAlias = Sequence[Outcome[Xid, ScheduleRefused]]
"""What came of each job of a call."""


class Call(Struct, eq=False):
    """Jobs that are all stored, or none of them; and what came of it."""

    jobs: Sequence[NewJob]
    cause: str | None
    outcomes: Outcomes = ()
    error: Exception | None = None
    is_over: bool = False
    bell: SimpleQueue[None] | None = None
    """There is one if somebody waits for it."""

    def came_to(self, outcomes: Outcomes) -> None:
        """It is stored, or refused."""
        self.outcomes, self.is_over = outcomes, True

    def failed(self, error: Exception) -> None:
        """It came to nothing, or nobody knows."""
        self.error, self.is_over = error, True

    def expect(self) -> None:
        """Somebody will wait for it."""
        if self.bell is None:
            self.bell = SimpleQueue()

    def wait(self) -> None:
        """Until it is over, or its turn has come, perhaps."""
        assert self.bell is not None
        with suppress(Empty):
            self.bell.get(timeout=PATIENCE)

    def wake(self) -> None:
        """Wake who waits for it."""
        if self.bell is not None:
            self.bell.put(None)


More: TypeAlias = Callable[[], Sequence[Call]]


def _nobody() -> Sequence[Call]:
    return ()


class _Apart(Exception):
    """A call of several jobs is refused: what it asked is undone, and so is all else of this transaction."""

    def __init__(self, call: Call, outcomes: Outcomes) -> None:
        super().__init__()
        self.call = call
        self.outcomes = outcomes


@final
class Gathering:
    """The producers of one queue."""

    def __init__(self, store: Store, clock: Clock, actor: str) -> None:
        self._store = store
        self._clock = clock
        self._actor = actor
        self._turn = Lock()
        """Of the one who writes."""
        self._writer = 0
        """Its thread; 0: there is none."""
        self._led: list[Call] = []
        """What it carries out."""
        self._waiting: deque[Call] = deque()

    def schedule(self, jobs: Sequence[NewJob], cause: str | None) -> Outcomes:
        """What came of each job, once it is stored."""
        call = Call(jobs, cause)
        self._store.refuse_nesting()  # else one could wait for oneself
        while not call.is_over:
            if self._turn.locked() and self._writer != get_ident():
                self._follow(call)
            else:
                self._lead([call])
        if call.error is not None:
            raise call.error
        return call.outcomes

    def carry_out(self, call: Call, more: More) -> None:
        """Carry out a call, and what waits; `more` is asked for others, once nobody else can write."""
        self._store.refuse_nesting()
        self._lead([call], more)

    def _follow(self, call: Call) -> None:
        call.expect()
        try:
            self._queue_up(call)
            if self._turn.locked():  # still: whoever writes wakes the first that waits, when that is over
                call.wait()
        except BaseException:
            self._leave(call)
            self._wake_next()
            raise

    def _lead(self, led: list[Call], more: More = _nobody) -> None:
        """`with` a lock is safe from interrupts; to take it, and then to `try`, isn't. `led` gets what waits."""
        me, own = get_ident(), led[0]
        if self._writer == me:  # a signal handler that schedules, in the midst of this
            self._carry_out(led)
            return
        try:
            if self._waiting:
                self._queue_up(own)  # behind those that are about to write
            with self._turn:
                self._writer, self._led = me, led  # nothing is called before: a signal handler would wait for itself
                try:
                    # Somebody else may have carried it out while this thread waited for the turn.
                    left = [] if own.is_over else self._carry_out(led, more)
                    while left:
                        left += self._carry_out(left.pop(0))
                finally:
                    self._writer, self._led = 0, []
        finally:
            if self._waiting:
                self._leave(own)  # if it couldn't begin: nobody else may store what its caller takes for lost
                self._wake_next()  # first, as it is who writes next
            for call in led:
                if call.bell is not None:
                    call.bell.put(None)

    def _queue_up(self, call: Call) -> None:
        """Let it wait, unless it does already, is being carried out, or is over.

        It comes from the one to the next, and they are asked in that order: so it is missed nowhere.
        """
        if call not in self._waiting and call not in self._led and not call.is_over:
            self._waiting.append(call)

    def _leave(self, call: Call) -> None:
        """Let it wait no longer, if it does."""
        with suppress(ValueError):
            self._waiting.remove(call)

    def _wake_next(self) -> None:
        with suppress(IndexError):
            self._waiting[0].wake()

    def _carry_out(self, calls: list[Call], more: More | None = None, *, are_new: bool = True) -> list[list[Call]]:
        """In one transaction; or none of it, and which calls are to be tried again, together or alone.

        Nearly every job that is scheduled is a new one. So none is looked for, until one turns out not to be.
        """
        try:
            with self._store.writing() as writing:
                if more is not None and (self._waiting or more is not _nobody):
                    self._gather(calls, more)
                outcomes = self._outcomes(writing, calls, are_new=are_new)
        except _Apart as apart:
            others = [call for call in calls if call is not apart.call]
            if others:  # what it is refused for may be theirs, and is undone
                return [others, [apart.call]]
            apart.call.came_to(apart.outcomes)
            return []
        except VersionConflict as conflict:
            return self._carry_out(calls, are_new=False) if are_new else _failed(calls, conflict)
        except Exception as error:  # noqa: BLE001  it is raised where it belongs
            return _failed(calls, error)
        for call, came in outcomes:
            call.came_to(came)
        return []

    def _gather(self, calls: list[Call], more: More) -> None:
        """One's own, and those that have come since, in the order in which they came."""
        waiting = tuple(self._waiting)
        unfinished = (call for call in waiting if not call.is_over)
        calls[:] = [*(call for call in calls if call not in waiting), *unfinished, *more()]
        for call in waiting:  # only now, so that whoever looks for it finds it
            self._leave(call)

    def _outcomes(self, writing: Writing, calls: Sequence[Call], *, are_new: bool) -> list[tuple[Call, Outcomes]]:
        """Of each call."""
        jobs = [(job, call.cause) for call in calls for job in call.jobs]
        outcomes = iter(schedule_all(writing, jobs, now=self._clock.now(), actor=self._actor, are_new=are_new))
        found = [(call, [next(outcomes) for _ in call.jobs]) for call in calls]
        for call, came in found:
            if len(came) > 1 and not all(isinstance(outcome, Success) for outcome in came):
                raise _Apart(call, came)
        return [*found]


def _failed(calls: Sequence[Call], error: Exception) -> list[list[Call]]:
    """Which of them are to be tried alone: none, if it concerns them all."""
    if len(calls) == 1:
        calls[0].failed(error)
    elif isinstance(error, OutcomeUnknown | StoreBusy):
        for call in calls:
            call.failed(_of_its_own(error, call))
    else:
        return [[call] for call in calls]
    return []


def _of_its_own(trouble: OutcomeUnknown | StoreBusy, call: Call) -> StoreTrouble:
    """The same for each thread, about its own jobs: an exception that several raise has the traces of all of them."""
    said = trouble.path, trouble.operation, trouble.problem, trouble.code
    own = StoreBusy(*said) if isinstance(trouble, StoreBusy) else OutcomeUnknown(*said, [job.jid for job in call.jobs])
    own.__cause__ = trouble
    return own
