"""Importing: jobs of the Rust original become jobs here, under the same ids each time, in short transactions.

What happened to them there is known by its times only: of a job that waits one event, of a dead one the three that led
there. An attempt that runs there, or was left running by a crash, isn't counted: the job waits here, as it was due.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from functools import reduce
from typing import Final, TypeAlias

from msgspec import Struct

from adc.codec.events import body_of
from adc.codec.original import LastAttempt, Original, Unusable, Usable, usable
from adc.core.commands import Schedule
from adc.core.events import Event, JobDied, JobStarted
from adc.core.evolve import evolve
from adc.core.ids import RunnerId, Xid
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import Refusal
from adc.core.retry import NEVER, RetryPolicy
from adc.core.terms import Terms
from adc.core.transition import Asked, Snapshot, Transition, transition
from adc.ports.store import Store

BATCH: Final = 500
"""So many jobs are stored in one transaction: runners go on between."""

ITS_RUNNER: Final = RunnerId("original")
"""Who ran a dead letter's last attempt there; the original doesn't say."""


class Wish(Struct, frozen=True):
    """Who imports, and what the jobs get that they didn't have."""

    actor: str
    cause: str
    retry: RetryPolicy = NEVER
    payload_version: int = 1


class Imported(Struct):
    """What came of each job of a file: the four counts are all of them."""

    waiting: int = 0
    """Stored, to run."""
    dead: int = 0
    """Stored, as dead letters."""
    known: int = 0
    """Stored by an earlier import, whatever became of them; or in the file twice."""
    left: int = 0
    """Not stored, since something in them can't be here."""


Decided: TypeAlias = Sequence[Outcome[Transition, Refusal]]
Tell: TypeAlias = Callable[[str], None]
"""Is told of each job that can't be stored, and why."""


def import_jobs(jobs: Iterable[Original], store: Store, wish: Wish, tell: Tell) -> Imported:
    """Store the jobs that the store doesn't know yet. If it breaks off, what is stored is stored: run it again."""

    def write(batch: Sequence[Usable]) -> Decided:
        with store.writing() as writing:
            decided = _decided(writing.load([each.jid for each in batch]), batch, wish)
            writing.apply([outcome.unwrap() for outcome in decided if isinstance(outcome, Success)])
            dead = {each.jid: last for each, last in _new_dead_letters(batch, decided)}
            scheduled = writing.load(list(dead))
            writing.apply([_died(scheduled[jid], last, wish) for jid, last in dead.items()])
        return decided

    return _counted(jobs, write, tell)


def would_import(jobs: Iterable[Original], store: Store | None, wish: Wish, tell: Tell) -> Imported:
    """What `import_jobs` would do; nothing is changed. None: the store is still to be made."""

    def read(batch: Sequence[Usable]) -> Decided:
        jids = [each.jid for each in batch]
        known = {jid: Snapshot.absent(jid) for jid in jids} if store is None else store.load(jids)
        return _decided(known, batch, wish)

    return _counted(jobs, read, tell)


def _counted(jobs: Iterable[Original], decide: Callable[[Sequence[Usable]], Decided], tell: Tell) -> Imported:
    count = Imported()
    for batch in _batches(jobs, count, tell):
        for each, outcome in zip(batch, decide(batch), strict=True):
            match outcome:
                case Failure(refusal):
                    count.left += 1
                    tell(f"job {each.jid}: {refusal}")
                case Success(done) if not done.events:
                    count.known += 1
                case Success() if each.last is None:
                    count.waiting += 1
                case Success():
                    count.dead += 1
    return count


def _batches(jobs: Iterable[Original], count: Imported, tell: Tell) -> Generator[list[Usable], None, None]:
    """Of jobs of unlike ids: the original may have left one that died in its other table, too."""
    batch: list[Usable] = []
    seen: set[Xid] = set()
    for job in jobs:
        try:
            each = usable(job)
        except Unusable as error:
            count.left += 1
            tell(str(error))
            continue
        if each.jid in seen:
            count.known += 1
            continue
        seen.add(each.jid)
        batch.append(each)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _decided(before: Mapping[Xid, Snapshot], batch: Sequence[Usable], wish: Wish) -> Decided:
    return [_decide(before[each.jid], each, wish) for each in batch]


def _decide(before: Snapshot, job: Usable, wish: Wish) -> Outcome[Transition, Refusal]:
    terms = Terms(
        kind=job.kind,
        payload=body_of(job.payload),
        payload_version=wish.payload_version,
        queue=job.queue,
        priority=job.priority,
        retry=wish.retry,
        meta=job.meta,
    )
    schedule = Schedule(job.jid, job.enqueued_at, terms, job.due)
    return transition(before, Asked(schedule, wish.actor, wish.cause, job.payload))


def _new_dead_letters(batch: Sequence[Usable], decided: Decided) -> Generator[tuple[Usable, LastAttempt], None, None]:
    for each, outcome in zip(batch, decided, strict=True):
        if each.last is not None and isinstance(outcome, Success) and outcome.unwrap().events:
            yield each, each.last


def _died(job: Snapshot, last: LastAttempt, wish: Wish) -> Transition:
    """No command leads there: the attempt was another program's."""
    started = JobStarted(last.started_at, 1, ITS_RUNNER)
    events: tuple[Event, ...] = (started, JobDied(last.died_at, 1, "RetriesUsedUp", last.fault))
    return Transition(job, events, reduce(evolve, events, job.state), wish.actor, wish.cause, None)
