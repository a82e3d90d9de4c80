"""Looking: the verbs of a queue that show what there is, and what has happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, get_args

from adc import system
from adc.codec.events import UnknownEvent, UnreadableEvent
from adc.core.database import AnyEvent
from adc.core.ids import DATABASE, Xid, is_xid
from adc.core.instants import instant_of
from adc.core.names import name_of, number_of
from adc.core.states import Absent, Scheduled, StateName
from adc.core.transition import Recorded
from adc.explaining import FARTHEST, Facts, explain
from adc.history import Gaps, Told, as_of, page, told, version_at
from adc.kind import AnyJobKind
from adc.ports.clock import Clock
from adc.ports.store import Look, Place, Store
from adc.reading import JobRow, LogEntry, job_row, log_entry, raw_entry
from adc.runners import RunnerRow, runner_row
from adc.why import NotKnown, Why

LONGEST_PAGE: Final = 1_000_000
"""The most jobs, or events, that one page has."""


class Looking:
    """Reads: none of them waits for a process that writes."""

    store: Store
    clock: Clock

    def look(
        self,
        *,
        state: StateName | None = None,
        kind: AnyJobKind | str | None = None,
        queue: str | None = None,
        due_before: datetime | None = None,
        after: Xid | None = None,
        limit: int = 100,
    ) -> Sequence[JobRow]:
        """One page of jobs, in the order of scheduling; None leaves a property open.

        `due_before` finds waiting jobs. `after` is the last id of the page before. Jobs that are over are read
        from the log.
        """
        _check_limit(limit)
        if state is not None and state not in get_args(StateName):
            raise ValueError(f"expected a state, one of {', '.join(get_args(StateName))}; got {state!r}")
        if after is not None and not self._knows(after):
            raise ValueError(f"expected the id of a job as after, got {after!r}, of which nothing is known")
        name = kind.name if isinstance(kind, AnyJobKind) else _name_or_none("kind", kind)
        of_queue = _name_or_none("queue", queue)
        before = None if due_before is None else instant_of(due_before)
        return tuple(map(job_row, self.store.look(Look(state, name, of_queue, before, after, limit))))

    def history(self, jid: Xid, /) -> Sequence[LogEntry]:
        """What happened to a job, in order, with its state after each event; empty: nothing is known of it.

        Events that a later adc wrote are shown as they are stored; then no state is told.

        For the id `00000000000000000000`: what happened to the database itself, such as a queue that was paused.
        """
        if not is_xid(jid):
            return ()
        try:
            if jid == DATABASE:
                return tuple(log_entry(each, None) for each in self.store.database_history())
            return tuple(map(_entry, told(self.store.history(jid))))
        except UnknownEvent:
            return tuple(map(_raw_or_read, self.store.history_or_why(jid)))

    def job_at(self, jid: Xid, when: int | datetime, /) -> JobRow | None:
        """A job as it was after so many of its events, or at a moment; None: nothing was known of it then.

        A number is the `version` of the last event that counts; more than there are is a ValueError. At a moment all
        events count that are before the first one that is later. Raises ImpossibleHistory if the log is damaged.
        """
        moment = instant_of(when) if isinstance(when, datetime) else None
        count = 0 if isinstance(when, datetime) else number_of("version", when)
        history = self.store.history(jid) if is_xid(jid) else ()
        version = count if moment is None else version_at(history, moment)
        if not history or not version:
            return None
        if not 0 < version <= len(history):
            raise ValueError(f"expected a version from 0 to {len(history)}, got {version}")
        return job_row(as_of(jid, history, version))

    def events(self, *, after: int = 0, limit: int = 1_000, gaps: Gaps = "refuse") -> Sequence[LogEntry]:
        """One page of the whole log, in order; empty: nothing has happened since. `after` is the last `seq` before it.

        Read so, page after page, from any process, each event comes once: whoever keeps the last `seq` goes on there.
        Events of the database itself come too. Raises LogPruned where events that should follow are no longer in the
        log, unless `gaps` is `skip`; UnreadableEvent where a damaged one follows; ValueError for an
        `after` that the log hasn't reached, as in an older copy of the file. What comes before those is given first.
        """
        _check_limit(limit)
        if number_of("after", after) < 0:
            raise ValueError(f"expected an after of 0 or more, got {after}")
        if gaps not in get_args(Gaps):
            raise ValueError(f"expected gaps to be 'refuse' or 'skip', got {gaps!r}")
        try:
            return tuple(map(_entry, page(self.store, after, limit, gaps)))
        except UnknownEvent as unknown:
            return (raw_entry(unknown),)

    def explain(self, jid: Xid, /) -> Sequence[Why]:
        """Why a job runs, doesn't run, or ran again: what keeps it now first. The classes are in `adc.why`.

        Facts are read one after another, so those of a job that is just claimed may be of both sides of that.
        """
        return explain(self._facts(jid)) if is_xid(jid) else (NotKnown(jid),)

    def _facts(self, jid: Xid) -> Facts:
        store, now = self.store, self.clock.now()
        job, runners, history = store.load((jid,))[jid], tuple(self.runners()), store.history(jid)
        state = job.state
        if not isinstance(state, Scheduled):
            return Facts(now, job, history, runners)
        terms = state.terms
        place = Place(terms.priority, state.due, job.seq)
        ahead = store.ahead(terms.queue, place, now, FARTHEST + 1) if state.due <= now else 0
        return Facts(now, job, history, runners, store.paused().get(terms.queue), ahead)

    def runners(self) -> Sequence[RunnerRow]:
        """Who runs jobs, in the order in which they started; those that are gone until others have struck them off."""
        here = system.place().boot_id
        return tuple(runner_row(each, here) for each in self.store.roll())

    def counts(self) -> Mapping[StateName, int]:
        """How many jobs are in each state. It counts them: the cost grows with their number."""
        return self.store.counts()

    def _knows(self, jid: Xid) -> bool:
        return is_xid(jid) and not isinstance(self.store.load((jid,))[jid].state, Absent)


def _entry(each: Told) -> LogEntry:
    return log_entry(each.recorded, each.state)


def _raw_or_read(found: Recorded[AnyEvent] | UnreadableEvent) -> LogEntry:
    """No state is told: what a later adc's events make of a job nobody here knows."""
    match found:
        case UnknownEvent():
            return raw_entry(found)
        case UnreadableEvent():
            raise found
        case Recorded():
            return log_entry(found, None)


def _check_limit(limit: int) -> None:
    if not 1 <= number_of("limit", limit) <= LONGEST_PAGE:
        raise ValueError(f"expected a limit from 1 to {LONGEST_PAGE}, got {limit}")


def _name_or_none(what: str, text: str | None) -> str | None:
    return None if text is None else name_of(what, text)
