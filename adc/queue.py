"""SqliteQueue: the verbs of a queue."""

import os.path
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from os import PathLike, fspath
from types import TracebackType
from typing import Self, final

from typing_extensions import TypeVar, override

from adc import system
from adc.claimed import Claimed, Poller
from adc.codec.events import is_body
from adc.codec.payload import Decoder, decode_with
from adc.core.commands import Cancel, Command, Erase, Redrive, Reschedule
from adc.core.ids import Xid, is_xid
from adc.core.instants import Instant, instant_of, span_of
from adc.core.names import name_of, priority_of
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import NotFound, Undecodable, WrongKind, WrongState
from adc.core.states import Absent, Dead, Done, Scheduled, state_name
from adc.core.terms import Body
from adc.core.transition import Asked
from adc.exporting import Redact, export_job
from adc.gathering import Gathering
from adc.handling.cause import current_cause
from adc.handling.job import NOT_SCHEDULED
from adc.kind import AnyJobKind, JobKind, NewJob, P, R
from adc.looking import Looking
from adc.pausing import Pausing
from adc.ports.clock import Clock, Dice
from adc.ports.store import PruneCount, Store
from adc.pruning import Pruning
from adc.refused import (
    CancelRefused,
    EraseRefused,
    RedriveRefused,
    ScheduleRefused,
    UnscheduleRefused,
    change_refused,
)
from adc.scheduling import Queue, jid_or_raise
from adc.shell import carry_out
from adc.stores.sqlite.doorway import Risk
from adc.stores.sqlite.opening import Durability, Missing, open_store
from adc.stores.sqlite.store import SqliteStore
from adc.upkeep import Upkeep

Value = TypeVar("Value")


class StoreQueue(Pausing, Pruning, Looking, Queue):
    """The verbs over any store. Clock and dice are passed in: nothing here reads time or chance."""

    def __init__(self, store: Store, *, clock: Clock, dice: Dice, actor: str) -> None:
        self.store = store
        self.clock = clock
        self.dice = dice
        self.actor = actor
        """Who asks, in the log."""
        self.gathering: Gathering = Gathering(store, clock, actor)
        """All that schedule go through it: it lets threads share commits."""
        self._poller = Poller(store, clock, dice, system.new_runner_id())

    def close(self) -> None:
        """Let go of the store; using the queue afterwards raises StoreClosed."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    @override
    def schedule(self, job: NewJob, /) -> Xid:
        (jid,) = self.schedule_many((job,))
        return jid

    @override
    def schedule_in(self, job: NewJob, delay: timedelta, /) -> Xid:
        return self.schedule(job.after(delay))

    @override
    def schedule_at(self, job: NewJob, due: datetime, /) -> Xid:
        return self.schedule(job.at(due))

    @override
    def schedule_many(self, jobs: Iterable[NewJob], /) -> tuple[Xid, ...]:
        wanted = tuple(jobs)
        outcomes = self.gathering.schedule(wanted, current_cause())
        # Of several jobs the first refusal is told.
        return tuple(jid_or_raise(job, outcome) for job, outcome in zip(wanted, outcomes, strict=True))

    @override
    def try_schedule(self, job: NewJob, /) -> Outcome[Xid, ScheduleRefused]:
        (outcome,) = self.gathering.schedule((job,), current_cause())
        return outcome

    def poll_next(
        self, kind: JobKind[P, R], /, *, at: datetime | None = None, queue: str | None = None
    ) -> Claimed[P, R] | None:
        """Claim the next job of a kind, without waiting; None: none is due.

        `at` claims what is due by that moment (None: by now), from the kind's queue where `queue` is None. A payload
        that can't be read becomes a dead letter, and the job behind it is claimed. What is claimed is held until it is
        reported on; if the process dies, or closes the queue, before that, others get it.
        """
        of_queue = kind.queue if queue is None else name_of("queue", queue)
        return self._poller.next(kind, of_queue, None if at is None else instant_of(at))

    def cancel_job(self, jid: Xid, /) -> Outcome[None, CancelRefused]:
        """Never run a job, waiting or dead; to cancel again is no refusal: it is already so.

        The handler of a job that runs is asked to end, and no other attempt follows; if it completes it, it is done.
        """
        return self._change(jid, lambda now: Cancel(jid, now))

    def unschedule_job(self, kind: JobKind[P, R], jid: Xid, /) -> Outcome[P, UnscheduleRefused]:
        """Cancel a job that waits or is dead, and give its payload back.

        WrongState if it runs or is over; WrongKind, or Undecodable when the payload can't be read: then it stays.
        """
        if not is_xid(jid):
            return Failure(NotFound(jid))
        with self.store.writing() as writing:
            state = writing.load((jid,))[jid].state
            match state:
                case Absent():
                    return Failure(NotFound(jid))
                case _ if state.terms.kind not in kind.names:
                    return Failure(WrongKind(jid, state.terms.kind))
                case Scheduled() | Dead() if not kind.oldest <= state.terms.payload_version <= kind.version:
                    return Failure(Undecodable(jid, "$", _other_version(kind, state.terms.payload_version)))
                case Scheduled() | Dead():
                    decoder = kind.decoder(state.terms.payload_version)
                    payload = _read_back(decoder, jid, writing.payloads((jid,)).get(jid), state.terms.payload)
                    if isinstance(payload, Success):
                        carry_out(writing, (Asked(Cancel(jid, self.clock.now()), self.actor, current_cause()),))
                    return payload
                case _:
                    return Failure(WrongState(jid, state_name(state)))

    def reschedule(
        self, jid: Xid, /, *, due: datetime | None = None, priority: int | None = None
    ) -> Outcome[None, CancelRefused]:
        """Change when a waiting job is due, or its priority; None leaves it as it is. WrongState if it doesn't wait."""
        moment = None if due is None else instant_of(due)
        wished = None if priority is None else priority_of(priority)
        return self._change(jid, lambda now: Reschedule(jid, now, moment, wished))

    def redrive(self, jid: Xid, /) -> Outcome[None, RedriveRefused]:
        """Give a dead letter a new life, due now, with all its retries. WrongState if it isn't dead."""
        return self._change(jid, lambda now: Redrive(jid, now, due=now))

    def erase(self, jid: Xid, /) -> Outcome[None, EraseRefused]:
        """Remove the bytes of the payload and the result of a job that is over or dead; WrongState for another.

        Its events stay, with hashes and sizes. If it was dead, and is redriven, it dies again, as Undecodable. To erase
        again is no refusal. The bytes are overwritten in the file and its -wal; while somebody reads how it was before,
        as `verify` does, they stay in -wal until this is called again, or all have closed the file. Backups and
        archives aren't touched.
        """
        erased = self._change(jid, lambda now: Erase(jid, now))
        if isinstance(erased, Success):
            self.store.scrub()
        return erased

    def _change(self, jid: Xid, ask: Callable[[Instant], Command]) -> Outcome[None, NotFound | WrongState]:
        """The clock is read when the lock is held: waiting for it may have taken long."""
        if not is_xid(jid):
            return Failure(NotFound(jid))
        with self.store.writing() as writing:
            (outcome,) = carry_out(writing, (Asked(ask(self.clock.now()), self.actor, current_cause()),))
        match outcome:
            case Success():
                return Success(None)
            case Failure(refusal):
                return Failure(change_refused(refusal))

    def result(self, kind: JobKind[P, R], jid: Xid, /) -> Outcome[R, UnscheduleRefused]:
        """What a completed job gave. WrongState, with the state that it is in, if it isn't done."""
        if not is_xid(jid):
            return Failure(NotFound(jid))
        job = self.store.load((jid,))[jid]
        state = job.state
        match state:
            case Absent():
                return Failure(NotFound(jid))
            case _ if state.terms.kind not in kind.names:
                return Failure(WrongKind(jid, state.terms.kind))
            case Done():
                return _read_back(kind.result_codec, jid, self.store.body(jid, job.version))
            case _:
                return Failure(WrongState(jid, state_name(state)))

    def export(self, jid: Xid, /, *, redact: Redact | None = None) -> Outcome[str, NotFound]:
        """A job as the text of a JSON file, with its events, payload and result: what `adc.testing.replay` reads.

        `redact` is given each text that may hold what mustn't leave, and gives what stands in the file instead.
        """
        return export_job(self.store, jid, redact) if is_xid(jid) else Failure(NotFound(jid))


@final
class SqliteQueue(Upkeep, StoreQueue):
    """A queue in one SQLite file. Threads may share it, and what they schedule at the same time shares a commit."""

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        durability: Durability = "full",
        busy_timeout: timedelta = timedelta(seconds=10),
        missing: Missing = "make",
        allow: Collection[Risk] = (),
        actor: str | None = None,
        clock: Clock | None = None,
        dice: Dice | None = None,
    ) -> Self:
        """Open the file, making it if it isn't there; `:memory:` is a queue that nobody else sees.

        With durability `full` a job for which `schedule` returned survives a power cut; with `normal`, which is faster,
        it survives the death of the process, and a power cut may undo the last moments. `busy_timeout` is how long a
        write waits for other processes. `missing` says what to do where there is no queue yet: make one, or refuse with
        NoQueue. `allow` names what is known and accepted though the file would be refused for it, from then on and in
        all of this process: "foreign-owner", "hard-links", "network-drive", "open-directory". `actor` says who asks in
        the log (None: this process); `clock` and `dice` are the system's where they are None.

        Raises a StoreTrouble: CannotOpen, StoreDamaged, ForeignFile for a file with adc's table names that isn't adc's,
        FutureVersion for a file of a later adc, UnsafeFile for one that somebody else may have put there, or may
        replace, NetworkFileSystem where locks may keep nobody out, SqliteTooOld. What is refused is left as it was.
        """
        return cls(
            open_store(fspath(path), durability, span_of(busy_timeout), missing, allow),
            clock=system.SystemClock() if clock is None else clock,
            dice=system.SystemDice() if dice is None else dice,
            actor=system.caller() if actor is None else name_of("actor", actor),
        )

    @override
    def prune(self, *, done_before: datetime, archive: str | PathLike[str] | None = None) -> PruneCount:
        """Remove the histories of all jobs that were done or cancelled before a moment: how many.

        Nothing is known of such a job then: its key is free, its result is gone, and scheduling the same NewJob again
        makes a new job of it. Jobs that wait, run or are dead stay. Followers of the log who are behind get LogPruned.

        With `archive`, a file that is made if it isn't there, they move there: what leaves the queue is on disk in the
        archive, and was read back, before. An archive is opened as a queue, and whoever would change something in it
        gets ReadOnlyArchive. Each queue has archives of its own: raises WrongArchive for another file.

        It takes short transactions, so that runners go on; each is an event `Pruned` of the database's own history. If
        it breaks off, what it has done is done, and it can be called again.
        """
        assert isinstance(self.store, SqliteStore)  # as `open` makes it
        return self.store.prune(
            instant_of(done_before),
            at=self.clock.now(),
            actor=self.actor,
            cause=current_cause(),
            archive=None if archive is None else os.path.abspath(archive),  # noqa: PTH100  pathlib would cost 4 ms of each import of adc
        )

    @property
    def is_archive(self) -> bool:
        """Whether the file is an archive of pruned jobs, which is only read."""
        assert isinstance(self.store, SqliteStore)
        return self.store.is_archive()


def _other_version(kind: AnyJobKind, version: int) -> str:
    known = f"{kind.version}" if kind.oldest == kind.version else f"{kind.oldest} to {kind.version}"
    return f"the payload is of version {version} of kind {kind.name}, not {known}"


def _read_back(
    codec: Decoder[Value], jid: Xid, stored: bytes | None, scheduled: Body | None = None
) -> Outcome[Value, Undecodable]:
    if stored is None:
        return Failure(Undecodable(jid, "$", "its bytes were erased"))
    if scheduled is not None and not is_body(stored, scheduled):
        return Failure(Undecodable(jid, "$", NOT_SCHEDULED))
    match decode_with(codec, stored):
        case Success() as value:
            return value
        case Failure(malformed):
            return Failure(Undecodable(jid, malformed.path, malformed.problem))
