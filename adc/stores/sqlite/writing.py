"""Writing: what can be done in one write transaction."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from types import TracebackType

import apsw
from typing_extensions import override

from adc.codec.events import DamagedEvent, UnreadableEvent
from adc.core.commands import KeyHolder
from adc.core.database import DatabaseSnapshot, DatabaseTransition
from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant
from adc.core.liveness import Sign
from adc.core.states import Scheduled
from adc.core.transition import Snapshot, Transition
from adc.ports.store import Wanted
from adc.ports.trouble import StoreTrouble
from adc.stores.sqlite import queries, rows
from adc.stores.sqlite.applying import MISLED, apply
from adc.stores.sqlite.custody import Custody
from adc.stores.sqlite.database import apply_database, load_database
from adc.stores.sqlite.loading import as_json, at_places, load, wanted_bindings, xids
from adc.stores.sqlite.remembered import Remembered
from adc.stores.sqlite.roll import Roll
from adc.stores.sqlite.settling import Trace
from adc.stores.sqlite.shapes import Misshapen
from adc.stores.sqlite.troubles import typed
from adc.stores.sqlite.undisturbed import Undisturbed
from adc.stores.waking import Concerns


class SqliteWriting:
    """The verbs of `Writing`, on a connection that is in a write transaction."""

    def __init__(
        self,
        connection: apsw.Connection,
        path: str,
        roll: Roll,
        custody: Custody,
        remembered: Remembered,
        undisturbed: Undisturbed,
    ) -> None:
        self._connection = connection
        self._path = path
        self._roll = roll
        self._custody = custody
        self._remembered = remembered
        self._undisturbed = undisturbed
        self.concerns: Concerns = Concerns()
        """Whom it concerns, once it is committed."""
        self.trace: Trace | None = None
        """What it wrote last."""
        self.jids: list[Xid] = []
        """The jobs of which it wrote something."""
        self._payloads: dict[Xid, bytes] = {}
        """Those of the jobs that were found due, until they are asked for."""
        self.is_over: bool = False
        """Whether it was committed or undone."""
        self.failure: BaseException | None = None
        """Why this transaction can't be committed. SQLite undoes it by itself after some errors, and would run what
        follows outside of it: so whoever catches a trouble inside the transaction doesn't get any further."""

    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot | UnreadableEvent, ...]:
        """Waiting jobs that are due by then, in the order of claims; those that can't be read make room for others."""
        unreadable: set[int] = set()
        with self._verb("due"):
            if (at_top := self._due_at_top(wanted, by, limit)) is not None:
                return at_top
            while True:
                seqs = self._due(wanted, by, limit + len(unreadable))
                found = self._kept(
                    (self._as_logged(_as_wanted(each, wanted)), payload)
                    for each, payload in at_places(self._connection, seqs)
                )
                seen = {each.seq for each in found if isinstance(each, UnreadableEvent)}
                if seen <= unreadable:
                    break
                unreadable |= seen
            by_seq = {each.seq: each for each in found}
            for seq in seqs:
                if seq not in by_seq:
                    raise Misshapen(f"the claim index names place {seq}, where adc_jobs has no such job")
        return tuple(by_seq[seq] for seq in seqs)

    def _due_at_top(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot, ...] | None:
        """Such jobs, if all of them are of the highest priority and can be read; None: they must be looked for."""
        if self._undisturbed.doubted or not len(wanted.queues) == len(wanted.kinds) == 1:
            return None
        (queue,), ((kind, version),) = wanted.queues, wanted.kinds
        level: dict[str, rows.Value] = {"queue": queue, "kind": kind, "version": version}
        try:
            found = rows.with_payloads(self._connection, queries.DUE_AT_TOP, {**level, "by": by, "limit": limit})
        except UnicodeDecodeError:  # of which job, the other way tells
            return None
        if len(found) < limit and rows.number(self._connection, queries.WAITS_BELOW, level) is not None:
            return None
        jobs = self._kept(each for each in found if _as_wanted(each[0], wanted) is each[0])
        readable = tuple(job for job in jobs if isinstance(job, Snapshot))
        return readable if len(readable) == len(found) else None

    def _kept(self, found: Iterable[rows.WithPayload]) -> list[Snapshot | UnreadableEvent]:
        """The jobs; their payloads are kept for whoever claims them."""
        jobs: list[Snapshot | UnreadableEvent] = []
        for job, payload in found:
            jobs.append(job)
            if isinstance(payload, bytes):
                self._payloads[job.jid] = payload
        return jobs

    def _due(self, wanted: Wanted, by: Instant, limit: int) -> list[int]:
        """The places of such jobs: level after level, until there are enough."""
        chosen: list[int] = []
        bindings: rows.Bindings = {**wanted_bindings(wanted), "by": by}
        with closing(rows.levels(self._connection, queries.DUE_LEVELS, bindings)) as levels:
            for _, at_priority in groupby(levels, key=lambda level: level.priority):
                room = limit - len(chosen)
                keys = [key for level in at_priority for key in self._due_at(level, by, room)]
                chosen += [seq for _, seq in sorted(keys)[:room]]
                if len(chosen) == limit:
                    break
        return chosen

    def load(self, jids: Sequence[Xid]) -> dict[Xid, Snapshot]:
        """The jobs as they are."""
        with self._verb("load"):
            known = self._remembered.among(self._connection, jids, self._undisturbed.era)
            return known | load(self._connection, [jid for jid in jids if jid not in known])

    def payloads(self, jids: Sequence[Xid]) -> Mapping[Xid, bytes]:
        """The payloads of jobs."""
        found = {jid: self._payloads.pop(jid) for jid in jids if jid in self._payloads}
        missing = [jid for jid in jids if jid not in found]
        with self._verb("payloads"):
            read = rows.blobs_by_text(self._connection, queries.PAYLOADS, (as_json(missing),)) if missing else {}
        return found | {Xid(jid): payload for jid, payload in read.items()}

    def holder(self, kind: str, key: str) -> KeyHolder | None:
        """The job that has this key."""
        with self._verb("holder"):
            found = rows.holder(self._connection, queries.HOLDER, (kind, key))
        if found is None:
            return None
        jid, terms = found
        return KeyHolder(jid, terms.payload.hash)

    def sign(self, runner: RunnerId) -> Sign | None:
        """What can be seen of a runner now."""
        with self._verb("sign"):
            return self._roll.sign(self._connection, runner)

    def is_enrolled(self, runner: RunnerId) -> bool:
        """Whether a runner is on the roll."""
        with self._verb("is_enrolled"):
            known = self._undisturbed.enrolled
            if runner not in known and rows.number(self._connection, queries.IS_ENROLLED, (runner,)) is not None:
                known.add(runner)
            return runner in known

    def held_by(self, runner: RunnerId, limit: int) -> tuple[Xid, ...]:
        """The jobs that a runner holds."""
        with self._verb("held_by"):
            return xids(rows.texts(self._connection, queries.HELD_BY, (runner, limit)))

    def strike(self, runner: RunnerId) -> None:
        """Take a runner off the roll."""
        with self._verb("strike"):
            self._undisturbed.enrolled.discard(runner)
            self._roll.strike(self._connection, runner)

    def apply(self, transitions: Sequence[Transition]) -> None:
        """Append the events and write the rows."""
        with self._verb("apply"):
            try:
                jobs, last = apply(self._connection, self._path, transitions, self._undisturbed.last_seq)
                if jobs:
                    self.trace = jobs[-1].jid, jobs[-1].version, jobs[-1].head
                    self.jids += [job.jid for job in jobs]
                    self._remembered.note(jobs, self._undisturbed.era)
                    self._undisturbed.last_seq = last
                self.concerns.note(transitions)
            except BaseException as error:  # some of it may be written
                self.failure = error
                if isinstance(error, DamagedEvent):
                    self._undisturbed.doubted.add(error.seq)
                raise

    def database(self) -> DatabaseSnapshot:
        """The database as it is."""
        with self._verb("database"):
            return load_database(self._connection)

    def apply_database(self, transition: DatabaseTransition) -> None:
        """Append the events of the database and write what they lead to."""
        with self._verb("apply_database"):
            try:
                self.trace = apply_database(self._connection, transition, self._undisturbed.last_seq) or self.trace
                self._undisturbed.last_seq += len(transition.events)
                self.concerns.note_database(transition)
            except BaseException as error:
                self.failure = error
                raise

    def _as_logged(self, job: Snapshot | UnreadableEvent) -> Snapshot | UnreadableEvent:
        """A job whose row was doubted, if it is what its log leads to, or else why not; any other one as it is."""
        doubted = self._undisturbed.doubted
        if not isinstance(job, Snapshot) or job.seq not in doubted:
            return job
        if rows.head(self._connection, queries.HEAD, (job.jid,)) != (job.version, job.head):
            return DamagedEvent(job.jid, job.seq, job.version, MISLED)
        doubted.discard(job.seq)
        return job

    def _due_at(self, level: rows.Level, by: Instant, room: int) -> list[tuple[int, int]]:
        return rows.pairs(self._connection, queries.DUE_AT_LEVEL, (*level, by, room))

    def _verb(self, name: str) -> "_Verb":
        if self.is_over:
            raise StoreTrouble(self._path, "write", "this transaction is over")
        if self.failure is not None:
            raise self.failure
        self._custody.admit(name)  # a process that was forked within the transaction
        return _Verb(self, self._path, name)


def _as_wanted(found: Snapshot | UnreadableEvent, wanted: Wanted) -> Snapshot | UnreadableEvent:
    """The same, if its terms are those by which it was found: nobody could run it otherwise."""
    state = found.state if isinstance(found, Snapshot) else None
    if not isinstance(state, Scheduled):
        return found
    terms = state.terms
    if (terms.kind, terms.payload_version) in wanted.kinds and terms.queue in wanted.queues:
        return found
    said = f"kind {terms.kind}, version {terms.payload_version}, queue {terms.queue}"
    return DamagedEvent(found.jid, found.seq, 1, f"it says {said:.200}, and adc_jobs has it among others")


class _Verb(typed):
    """Within, what SQLite raises becomes a StoreTrouble, and dooms the transaction."""

    __slots__ = ("_writing",)

    def __init__(self, writing: SqliteWriting, path: str, operation: str) -> None:
        super().__init__(path, operation)
        self._writing = writing

    @override
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        except StoreTrouble as trouble:
            self._writing.failure = trouble
            raise
        if isinstance(error, StoreTrouble):
            self._writing.failure = error
