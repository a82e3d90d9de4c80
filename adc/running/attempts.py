"""Attempts: those that run, with their deadlines, and what the finished ones said, until the store has it."""

from collections.abc import Mapping
from heapq import heappop, heappush

from adc.core.ids import Xid
from adc.core.instants import Span
from adc.core.liveness import LONGEST_GAP
from adc.handling.job import Held
from adc.handling.said import Failed, Report, Said, timed_out
from adc.running.growth import Growth


class Attempts:
    """The only state of the runner's loop."""

    def __init__(self) -> None:
        self._running: dict[Xid, Held] = {}
        self._deadlines: list[tuple[Span, Xid, int, Span]] = []
        """A heap, with the timeouts; an entry whose attempt has ended is passed over when it comes to the top."""
        self.may_claim: bool = False
        """Whether it was told that a job is due: then it needn't look first."""
        self.finished: list[Report] = []
        """What is still to be stored."""
        self.unreadable: set[Xid] = set()
        """Jobs of which that was told already."""
        self.tick: Span = Span(0)
        """The time at the last answer that told it."""
        self.next_watch: Span = Span(0)
        """When to look again at what others do."""
        self.growth: Growth = Growth()
        """Of the -wal."""
        self._slept: Span = Span(0)
        self.hanging: int = 0
        """How many abandoned attempts still hold a thread."""
        self._alone: Xid | None = None
        self._told: set[Xid] = set()

    def __len__(self) -> int:
        """How many run."""
        return len(self._running)

    @property
    def all_over(self) -> bool:
        """Whether none runs, and all is stored."""
        return not self._running and not self.finished

    @property
    def runs_alone(self) -> bool:
        """Whether one runs beside which nothing may."""
        return self._alone is not None

    def keep_alone(self, held: Held) -> None:
        """Nothing may run beside this one, which begins."""
        self._alone = held.jid

    def start(self, held: Held) -> Held | None:
        """One begins: the attempt of the same job that still runs, and isn't heard any more; None: there is none."""
        stale = self._running.get(held.jid)
        self.drop(held.jid)
        self._running[held.jid] = held
        timeout = held.state.terms.timeout
        if timeout is not None:
            heappush(self._deadlines, (Span(self._awake + timeout), held.jid, held.state.token.attempt, timeout))
        return stale

    def hear(self, report: Report) -> None:
        """One has ended. What an abandoned one says isn't heard."""
        held = self._running.get(report.jid)
        if held is not None and held.state.token == report.token:
            self.drop(report.jid)
            self.finished.append(report)

    def end(self, held: Held, said: Said) -> None:
        """One is ended from outside: this is said for it."""
        self.hear(Report(held.jid, held.state.token, said))

    def drop(self, jid: Xid) -> None:
        """Nothing is said for this one."""
        self._running.pop(jid, None)
        self._told.discard(jid)
        if self._alone == jid:
            self._alone = None

    def lost(self, holding: Mapping[Xid, bool]) -> list[Held]:
        """Those that run, though the runner doesn't hold their jobs any more."""
        return [held for jid, held in self._running.items() if jid not in holding]

    def cancelled(self, holding: Mapping[Xid, bool]) -> list[Held]:
        """Those that run, and whose jobs were cancelled: each once."""
        found = [held for jid, held in self._running.items() if holding.get(jid) and jid not in self._told]
        self._told.update(held.jid for held in found)
        return found

    def overdue(self) -> list[tuple[Held, Failed]]:
        """Those whose deadline is over, each once, and what is said for them."""
        late: list[tuple[Held, Failed]] = []
        while self._deadlines and self._deadlines[0][0] <= self._awake:
            _, jid, attempt, timeout = heappop(self._deadlines)
            held = self._of(jid, attempt)
            if held is not None:
                late.append((held, timed_out(timeout)))
        return late

    def until_due(self, at_most: Span) -> Span:
        """How long to wait, so that no deadline and no watch is missed."""
        while self._deadlines and self._of(*self._deadlines[0][1:3]) is None:
            heappop(self._deadlines)
        until = Span(self.next_watch - self.tick)
        if self._deadlines:
            until = min(until, Span(self._deadlines[0][0] - self._awake))
        return min(at_most, max(until, Span(0)))

    def wake(self, woken: Span, at_most: Span) -> None:
        """It is so late after a wait of this length at most. If that is much too late, the process was stopped.

        Then its handlers got no time either, and what passed meanwhile isn't counted against them.
        """
        late = Span(woken - self.tick - at_most)
        if late > LONGEST_GAP:
            self._slept = Span(self._slept + late)
        self.tick = woken

    def running(self) -> tuple[Held, ...]:
        """Those that run."""
        return tuple(self._running.values())

    @property
    def _awake(self) -> Span:
        """The time in which this process ran, which timeouts follow."""
        return Span(self.tick - self._slept)

    def _of(self, jid: Xid, attempt: int) -> Held | None:
        held = self._running.get(jid)
        return held if held is not None and held.state.token.attempt == attempt else None
