"""The reference store: a dict from each job to its log, behind one lock."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import Final, get_args

from typing_extensions import override

from adc.core.commands import KeyHolder
from adc.core.database import AnyEvent, DatabaseEvent, DatabaseSnapshot, DatabaseTransition, Prune
from adc.core.events import JobScheduled, PayloadErased
from adc.core.ids import DATABASE, Xid
from adc.core.instants import Instant
from adc.core.states import Absent, StateName, over_before, state_name
from adc.core.transition import Recorded, Snapshot, Transition
from adc.ports.store import Look, Place, PruneCount, Wanted
from adc.ports.trouble import StoreClosed, StoreTrouble, VersionConflict
from adc.shell import change_database
from adc.stores.appending import applied, entries
from adc.stores.memory_database import MemoryDatabase
from adc.stores.memory_kept import Kept, page
from adc.stores.memory_look import shows
from adc.stores.memory_runners import MemoryRunners
from adc.stores.waiting import Waiting
from adc.stores.waking import Concerns

_PATH: Final = "memory"
"""What troubles call the file."""


class MemoryStore(MemoryRunners):
    """Jobs that last as long as the process: for tests, and to say what every store must do."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs: dict[Xid, Kept] = {}
        self._keys: dict[tuple[str, str], KeyHolder] = {}
        self._database = MemoryDatabase()
        self._waiting = Waiting()
        self._last_seq = 0
        self._before: dict[Xid, Kept | None] | None = None
        """What the jobs of this write transaction were before it; None: there is no transaction."""
        self._concerns = Concerns()
        """Whom it concerns, once it is committed."""
        self._writer = 0
        """The thread that is in a write transaction; 0: none is."""
        self._conflict: VersionConflict | None = None
        self._closed = False

    @contextmanager
    @override
    def writing(self) -> Generator["MemoryStore", None, None]:
        """Begin a write transaction; an exception undoes all of it."""
        with self._opened("begin"):
            self.refuse_nesting()
            self._writer = get_ident()
            self._before, self._conflict, self._concerns = {}, None, Concerns()
            last_seq, runners, database = self._last_seq, self._roll.entries, self._database.kept
            try:
                yield self
                if self._conflict is not None:
                    raise self._conflict
                self._roll.call(self._concerns)
            except BaseException:
                self._undo(self._before)
                self._last_seq, self._roll.entries, self._database.kept = last_seq, runners, database
                raise
            finally:
                self._before, self._writer = None, 0

    def refuse_nesting(self) -> None:
        """Raise a StoreTrouble if this thread is in a write transaction."""
        if self._writer == get_ident():
            raise StoreTrouble(_PATH, "begin", "this thread is in a write transaction already")

    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot, ...]:
        """Waiting jobs that are due by then, in the order of claims."""
        with self._opened("due"):
            return tuple(self._snapshot(jid) for jid in self._waiting.due(self._database.unpaused(wanted), by, limit))

    def next_due(self, wanted: Wanted) -> Instant | None:
        """When the first waiting job is or was due."""
        with self._opened("next_due"):
            return self._waiting.next_due(self._database.unpaused(wanted))

    def load(self, jids: Sequence[Xid]) -> dict[Xid, Snapshot]:
        """The jobs as they are."""
        with self._opened("load"):
            return {jid: self._snapshot(jid) for jid in jids}

    def payloads(self, jids: Sequence[Xid]) -> Mapping[Xid, bytes]:
        """The payloads of jobs."""
        found = {jid: self.body(jid, 1) for jid in jids}
        return {jid: payload for jid, payload in found.items() if payload is not None}

    def body(self, jid: Xid, version: int) -> bytes | None:
        """The bytes stored beside an event."""
        with self._opened("body"):
            kept = self._jobs.get(jid)
            return None if kept is None else kept.bodies.get(version)

    def holder(self, kind: str, key: str) -> KeyHolder | None:
        """The job that has this key."""
        with self._opened("holder"):
            return self._keys.get((kind, key))

    def apply(self, transitions: Sequence[Transition]) -> None:
        """Append the events and write the states."""
        with self._applying("apply"):
            for transition in transitions:
                self._apply(transition)
            self._concerns.note(transitions)

    def database(self) -> DatabaseSnapshot:
        """The database as it is."""
        with self._opened("database"):
            return self._database.snapshot

    def apply_database(self, transition: DatabaseTransition) -> None:
        """Append the events of the database and write what they lead to."""
        with self._applying("apply_database"):
            self._last_seq = self._database.apply(transition, self._last_seq)
            self._concerns.note_database(transition)

    def paused(self) -> Mapping[str, Instant]:
        """The queues that are paused, and since when."""
        with self._opened("paused"):
            return self._database.snapshot.state.paused

    def database_history(self) -> tuple[Recorded[DatabaseEvent], ...]:
        """All events of the database."""
        with self._opened("database_history"):
            return self._database.log

    def ahead(self, queue: str, place: Place, by: Instant, limit: int) -> int:
        """How many jobs are claimed before one in that place."""
        with self._opened("ahead"):
            return min(self._waiting.ahead(queue, place, by), limit)

    def history(self, jid: Xid) -> tuple[Recorded, ...]:
        """All events of a job."""
        with self._opened("history"):
            kept = self._jobs.get(jid)
            return () if kept is None else kept.log

    def events(self, after: int, limit: int) -> tuple[Recorded[AnyEvent], ...]:
        """A page of the log."""
        with self._opened("events"):
            return page((*(kept.log for kept in self._jobs.values()), self._database.log), after, limit)

    def last_seq(self) -> int:
        """The place of the latest event."""
        with self._opened("last_seq"):
            return self._last_seq

    def history_or_why(self, jid: Xid) -> tuple[Recorded[AnyEvent], ...]:
        """The same: what was never written down can always be read."""
        return self.database_history() if jid == DATABASE else self.history(jid)

    def look(self, wanted: Look) -> tuple[Snapshot, ...]:
        """One page of jobs."""
        with self._opened("look"):
            after = 0 if wanted.after is None else self._snapshot(wanted.after).seq
            found = sorted((kept.snapshot for kept in self._jobs.values()), key=lambda job: job.seq)
        return tuple(job for job in found if job.seq > after and shows(wanted, job))[: wanted.limit]

    def counts(self) -> Mapping[StateName, int]:
        """How many jobs are in each state."""
        counted: dict[StateName, int] = dict.fromkeys(get_args(StateName), 0)
        with self._opened("counts"):
            for kept in self._jobs.values():
                if not isinstance(kept.snapshot.state, Absent):
                    counted[state_name(kept.snapshot.state)] += 1
        return counted

    def prunable(self, done_before: Instant) -> PruneCount:
        """What would be pruned."""
        with self._opened("prunable"):
            over = self._over_before(done_before)
        return PruneCount(len(over), sum(len(kept.log) for kept in over))

    def prune(self, done_before: Instant, *, at: Instant, actor: str, cause: str | None) -> PruneCount:
        """Forget the jobs that were over before then."""
        with self.writing():
            count = self.prunable(done_before)
            for kept in self._over_before(done_before):
                self._remove(kept)
            change_database(self, Prune(at, count.jobs, count.events, done_before), actor=actor, cause=cause)
        return count

    def scrub(self) -> bool:
        """Nothing was written down."""
        with self._opened("scrub"):
            return True

    def close(self) -> None:
        """Nothing to let go of; but whoever uses the store afterwards is told, as by every store."""
        with self._lock:
            self._closed = True

    @contextmanager
    @override
    def _opened(self, operation: str) -> Generator[None, None, None]:
        with self._lock:
            if self._closed:
                raise StoreClosed(_PATH, operation, "the queue is closed")
            yield

    @contextmanager
    def _applying(self, operation: str) -> Generator[None, None, None]:
        """Within, a conflict dooms the transaction."""
        with self._opened(operation):
            if self._before is None:
                raise StoreTrouble(_PATH, operation, "this transaction is over")
            try:
                yield
            except VersionConflict as conflict:
                self._conflict = conflict
                raise

    def _apply(self, transition: Transition) -> None:
        jid, before = transition.before.jid, transition.before
        if not transition.events:
            return
        if self._snapshot(jid).head != before.head or self._takes_key(transition):
            raise VersionConflict(jid, before.version)
        added = list(entries(transition, self._last_seq + 1))
        last = added[-1].recorded
        kept = self._jobs.get(jid, Kept(before, (), {}))
        bodies = {**kept.bodies, **{each.recorded.version: each.body for each in added if each.body is not None}}
        if isinstance(last.event, PayloadErased):
            bodies = {}
        snapshot = applied(transition, last)
        self._put(jid, Kept(snapshot, (*kept.log, *(each.recorded for each in added)), bodies))
        self._last_seq = last.seq

    def _put(self, jid: Xid, kept: Kept) -> None:
        assert self._before is not None
        present = self._jobs.get(jid)
        self._before.setdefault(jid, present)
        if present is not None:
            self._unindex(present.snapshot)
        self._jobs[jid] = kept
        self._index(kept.snapshot)
        self._note_key(kept)

    def _note_key(self, kept: Kept) -> None:
        key = kept.key
        if key is not None:
            self._keys[key] = KeyHolder(kept.snapshot.jid, kept.terms.payload.hash)

    def _over_before(self, moment: Instant) -> list[Kept]:
        return [kept for kept in self._jobs.values() if over_before(kept.snapshot.state, moment)]

    def _remove(self, kept: Kept) -> None:
        assert self._before is not None
        self._before[kept.snapshot.jid] = kept
        del self._jobs[kept.snapshot.jid]
        self._keys.pop(kept.key or ("", ""), None)

    def _undo(self, before: dict[Xid, Kept | None]) -> None:
        for jid, kept in reversed(before.items()):  # the last first: it may have a key that another one had
            written = self._jobs.pop(jid, None)
            if written is not None:
                self._unindex(written.snapshot)
                self._keys.pop(written.key or ("", ""), None)
            if kept is not None:
                self._jobs[jid] = kept
                self._index(kept.snapshot)
                self._note_key(kept)

    def _index(self, job: Snapshot) -> None:
        self._waiting.add(job)
        self._note_holder(job)

    def _unindex(self, job: Snapshot) -> None:
        self._waiting.remove(job)
        self._forget_holder(job)

    def _takes_key(self, transition: Transition) -> bool:
        """Whether it schedules with a key that a job has: its holder wasn't asked for."""
        first = transition.events[0]
        return isinstance(first, JobScheduled) and (first.terms.kind, first.terms.key) in self._keys

    @override
    def _snapshot(self, jid: Xid) -> Snapshot:
        return self._jobs[jid].snapshot if jid in self._jobs else Snapshot.absent(jid)
