"""The verbs of a store in memory that are about runners: the roll, and what each holds."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from threading import RLock

from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant
from adc.core.liveness import Sign
from adc.core.states import Cancelling, Started
from adc.core.transition import Snapshot
from adc.ports.signs import Rest
from adc.ports.store import Enrolled, Enrolment, Writing
from adc.ports.wakeup import Wake
from adc.stores.memory_roll import MemoryRoll


class MemoryRunners(ABC):
    """A part of MemoryStore, which has the transactions and the jobs."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._roll = MemoryRoll()
        self._held: dict[RunnerId, dict[Xid, None]] = {}
        """Which jobs each runner holds."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Writing]:
        """Begin a write transaction."""

    @abstractmethod
    def _opened(self, operation: str) -> AbstractContextManager[None]: ...

    @abstractmethod
    def _snapshot(self, jid: Xid) -> Snapshot: ...

    def enrol(self, runner: Enrolment) -> None:
        """Put a runner on the roll, and begin its signs of life."""
        with self.writing():
            self._roll.enter(runner)

    def listen(self, runner: RunnerId, wake: Wake) -> None:
        """Wake a runner that way when there is something to do for it."""
        with self._lock:
            self._roll.listen(runner, wake)

    def wal_bytes(self) -> int:
        """There is none."""
        return 0

    def is_heard(self, runner: RunnerId) -> bool:
        """Whether others can wake a runner that is on the roll: there are none."""
        with self._lock:
            return runner in self._roll.entries

    def rest(self, runner: RunnerId, rest: Rest) -> None:
        """Let whoever commits see whether a runner rests."""
        with self._lock:
            self._roll.rest(runner, rest)

    def beat(self, runner: RunnerId, at: Instant) -> bool:
        """Give a sign of life; whether others can still see it."""
        with self._lock:
            return self._roll.beat(runner, at)

    def resign(self, runner: RunnerId) -> None:
        """Take a runner off the roll that ends, unless it holds jobs."""
        with self.writing():
            self._roll.let_go(runner)
            if not self.held_by(runner, 1):
                self._roll.strike(runner)

    def let_go(self, runner: RunnerId) -> None:
        """End a runner's signs of life, and write nothing."""
        with self._lock:
            self._roll.let_go(runner)

    def sign(self, runner: RunnerId) -> Sign | None:
        """What can be seen of a runner now."""
        with self._opened("sign"):
            return self._roll.sign(runner)

    def is_enrolled(self, runner: RunnerId) -> bool:
        """Whether a runner is on the roll."""
        with self._opened("is_enrolled"):
            return runner in self._roll.entries

    def held_by(self, runner: RunnerId, limit: int) -> tuple[Xid, ...]:
        """The jobs that a runner holds."""
        with self._opened("held_by"):
            held = sorted(map(self._snapshot, self._held.get(runner, {})), key=lambda job: job.seq)
            return tuple(job.jid for job in held[:limit])

    def strike(self, runner: RunnerId) -> None:
        """Take a runner off the roll."""
        with self._opened("strike"):
            self._roll.strike(runner)

    def signs(self) -> Mapping[RunnerId, Sign | None]:
        """What can be seen of each runner."""
        with self._opened("signs"):
            known = (*self._roll.entries, *(holder for holder, _ in self._holders()))
            return {runner: self._roll.sign(runner) for runner in known}

    def roll(self) -> tuple[Enrolled, ...]:
        """All runners, in the order in which they enrolled."""
        with self._opened("roll"):
            return self._roll.all(holder for holder, _ in self._holders())

    def holding(self, runner: RunnerId) -> Mapping[Xid, bool]:
        """The jobs that a runner holds, and whether each was cancelled."""
        with self._opened("holding"):
            held = self._held.get(runner, {})
            return {jid: isinstance(self._snapshot(jid).state, Cancelling) for jid in held}

    def _holders(self) -> list[tuple[RunnerId, Xid]]:
        return [(runner, jid) for runner, held in self._held.items() for jid in held]

    def _note_holder(self, job: Snapshot) -> None:
        if isinstance(job.state, Started | Cancelling):
            self._held.setdefault(job.state.token.runner, {})[job.jid] = None

    def _forget_holder(self, job: Snapshot) -> None:
        if isinstance(job.state, Started | Cancelling):
            del self._held[job.state.token.runner][job.jid]
