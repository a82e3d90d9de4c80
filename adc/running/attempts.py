"""Attempts: those that run, with their deadlines, and what the finished ones said, until the store has it."""

from heapq import heappop, heappush

from adc.core.ids import Xid
from adc.core.instants import Span
from adc.handling.job import Held
from adc.handling.said import Failed, Report, Said, timed_out


class Attempts:
    """The only state of the runner's loop."""

    def __init__(self) -> None:
        self._running: dict[Xid, Held] = {}
        self._deadlines: list[tuple[Span, Xid, int, Span]] = []
        """A heap, with the timeouts; an entry whose attempt has ended is passed over when it comes to the top."""
        self.finished: list[Report] = []
        """What is still to be stored."""
        self.unreadable: set[Xid] = set()
        """Jobs of which that was told already."""
        self.tick: Span = Span(0)
        """The time at the last answer that told it."""

    def __len__(self) -> int:
        """How many run."""
        return len(self._running)

    @property
    def all_over(self) -> bool:
        """Whether none runs, and all is stored."""
        return not self._running and not self.finished

    def start(self, held: Held) -> Held | None:
        """One begins: the attempt of the same job that still runs, and isn't heard any more; None: there is none."""
        stale = self._running.get(held.jid)
        self._running[held.jid] = held
        timeout = held.state.terms.timeout
        if timeout is not None:
            heappush(self._deadlines, (Span(self.tick + timeout), held.jid, held.state.token.attempt, timeout))
        return stale

    def hear(self, report: Report) -> None:
        """One has ended. What an abandoned one says isn't heard."""
        held = self._running.get(report.jid)
        if held is not None and held.state.token == report.token:
            del self._running[report.jid]
            self.finished.append(report)

    def end(self, held: Held, said: Said) -> None:
        """One is ended from outside: this is said for it."""
        self.hear(Report(held.jid, held.state.token, said))

    def overdue(self) -> list[tuple[Held, Failed]]:
        """Those whose deadline is over, each once, and what is said for them."""
        late: list[tuple[Held, Failed]] = []
        while self._deadlines and self._deadlines[0][0] <= self.tick:
            _, jid, attempt, timeout = heappop(self._deadlines)
            held = self._of(jid, attempt)
            if held is not None:
                late.append((held, timed_out(timeout)))
        return late

    def until_deadline(self, at_most: Span) -> Span:
        """How long to wait, so that no deadline is missed."""
        while self._deadlines and self._of(*self._deadlines[0][1:3]) is None:
            heappop(self._deadlines)
        if not self._deadlines:
            return at_most
        return min(at_most, max(Span(self._deadlines[0][0] - self.tick), Span(0)))

    def running(self) -> tuple[Held, ...]:
        """Those that run."""
        return tuple(self._running.values())

    def _of(self, jid: Xid, attempt: int) -> Held | None:
        held = self._running.get(jid)
        return held if held is not None and held.state.token.attempt == attempt else None
