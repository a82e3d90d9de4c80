"""The reference store: a dict from each job to its log, behind one lock."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Final, get_args

from msgspec import Struct

from adc.core.commands import KeyHolder
from adc.core.events import JobScheduled, PayloadErased
from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant
from adc.core.states import Absent, Scheduled, StateName, state_name
from adc.core.terms import Terms
from adc.core.transition import Recorded, Snapshot, Transition
from adc.ports.store import Enrolment, Look, Wanted
from adc.ports.trouble import StoreClosed, StoreTrouble, VersionConflict
from adc.stores.appending import applied, entries
from adc.stores.waiting import Waiting

_PATH: Final = "memory"
"""What troubles call the file."""


class _Kept(Struct, frozen=True):
    snapshot: Snapshot
    log: tuple[Recorded, ...]
    bodies: Mapping[int, bytes]


class MemoryStore:
    """Jobs that last as long as the process: for tests, and to say what every store must do."""

    def __init__(self) -> None:
        self._jobs: dict[Xid, _Kept] = {}
        self._keys: dict[tuple[str, str], KeyHolder] = {}
        self._runners: dict[RunnerId, Enrolment] = {}
        self._waiting = Waiting()
        self._last_seq = 0
        self._lock = RLock()
        self._before: dict[Xid, _Kept | None] | None = None
        """What the jobs of this write transaction were before it; None: there is no transaction."""
        self._conflict: VersionConflict | None = None
        self._closed = False

    @contextmanager
    def writing(self) -> Generator["MemoryStore", None, None]:
        """Begin a write transaction; an exception undoes all of it."""
        with self._opened("begin"):
            if self._before is not None:
                raise StoreTrouble(_PATH, "begin", "this thread is in a write transaction already")
            self._before, self._conflict = {}, None
            last_seq, runners = self._last_seq, dict(self._runners)
            try:
                yield self
                if self._conflict is not None:
                    raise self._conflict
            except BaseException:
                self._undo(self._before)
                self._last_seq, self._runners = last_seq, runners
                raise
            finally:
                self._before = None

    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot, ...]:
        """Waiting jobs that are due by then, in the order of claims."""
        with self._opened("due"):
            return tuple(self._snapshot(jid) for jid in self._waiting.due(wanted, by, limit))

    def next_due(self, wanted: Wanted) -> Instant | None:
        """When the first waiting job is or was due."""
        with self._opened("next_due"):
            return self._waiting.next_due(wanted)

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
        with self._opened("apply"):
            if self._before is None:
                raise StoreTrouble(_PATH, "apply", "this transaction is over")
            try:
                for transition in transitions:
                    self._apply(transition)
            except VersionConflict as conflict:
                self._conflict = conflict
                raise

    def history(self, jid: Xid) -> tuple[Recorded, ...]:
        """All events of a job."""
        with self._opened("history"):
            kept = self._jobs.get(jid)
            return () if kept is None else kept.log

    def look(self, wanted: Look) -> tuple[Snapshot, ...]:
        """One page of jobs."""
        with self._opened("look"):
            after = 0 if wanted.after is None else self._snapshot(wanted.after).seq
            found = sorted((kept.snapshot for kept in self._jobs.values()), key=lambda job: job.seq)
        return tuple(job for job in found if job.seq > after and _shows(wanted, job))[: wanted.limit]

    def counts(self) -> Mapping[StateName, int]:
        """How many jobs are in each state."""
        counted: dict[StateName, int] = dict.fromkeys(get_args(StateName), 0)
        with self._opened("counts"):
            for kept in self._jobs.values():
                if not isinstance(kept.snapshot.state, Absent):
                    counted[state_name(kept.snapshot.state)] += 1
        return counted

    def enrol(self, runner: Enrolment) -> None:
        """Note a runner that starts."""
        with self.writing():
            self._runners[runner.runner] = runner

    def resign(self, runner: RunnerId) -> None:
        """Forget a runner that ends."""
        with self.writing():
            self._runners.pop(runner, None)

    def close(self) -> None:
        """Nothing to let go of; but whoever uses the store afterwards is told, as by every store."""
        with self._lock:
            self._closed = True

    @contextmanager
    def _opened(self, operation: str) -> Generator[None, None, None]:
        with self._lock:
            if self._closed:
                raise StoreClosed(_PATH, operation, "the queue is closed")
            yield

    def _apply(self, transition: Transition) -> None:
        jid, before = transition.before.jid, transition.before
        if not transition.events:
            return
        if self._snapshot(jid).head != before.head or self._takes_key(transition):
            raise VersionConflict(jid, before.version)
        added = list(entries(transition, self._last_seq + 1))
        last = added[-1].recorded
        kept = self._jobs.get(jid, _Kept(before, (), {}))
        bodies = {**kept.bodies, **{each.recorded.version: each.body for each in added if each.body is not None}}
        if isinstance(last.event, PayloadErased):
            bodies = {}
        snapshot = applied(transition, last)
        self._put(jid, _Kept(snapshot, (*kept.log, *(each.recorded for each in added)), bodies))
        self._last_seq = last.seq

    def _put(self, jid: Xid, kept: _Kept) -> None:
        assert self._before is not None
        present = self._jobs.get(jid)
        self._before.setdefault(jid, present)
        if present is not None:
            self._waiting.remove(present.snapshot)
        self._jobs[jid] = kept
        self._waiting.add(kept.snapshot)
        key = _key_of(kept)
        if key is not None:
            self._keys[key] = KeyHolder(jid, _terms_of(kept).payload.hash)

    def _undo(self, before: dict[Xid, _Kept | None]) -> None:
        for jid, kept in before.items():
            written = self._jobs.pop(jid)
            self._waiting.remove(written.snapshot)
            if kept is not None:
                self._jobs[jid] = kept
                self._waiting.add(kept.snapshot)
            else:
                self._keys.pop(_key_of(written) or ("", ""), None)

    def _takes_key(self, transition: Transition) -> bool:
        """Whether it schedules with a key that a job has: its holder wasn't asked for."""
        first = transition.events[0]
        return isinstance(first, JobScheduled) and (first.terms.kind, first.terms.key) in self._keys

    def _snapshot(self, jid: Xid) -> Snapshot:
        kept = self._jobs.get(jid)
        return Snapshot.absent(jid) if kept is None else kept.snapshot


def _terms_of(kept: _Kept) -> Terms:
    first = kept.log[0].event
    assert isinstance(first, JobScheduled)
    return first.terms


def _key_of(kept: _Kept) -> tuple[str, str] | None:
    terms = _terms_of(kept)
    return None if terms.key is None else (terms.kind, terms.key)


def _shows(wanted: Look, job: Snapshot) -> bool:
    state = job.state
    if isinstance(state, Absent):
        return False
    if wanted.due_before is not None and not (isinstance(state, Scheduled) and state.due < wanted.due_before):
        return False
    return (
        wanted.state in (None, state_name(state))
        and wanted.kind in (None, state.terms.kind)
        and wanted.queue in (None, state.terms.queue)
    )
