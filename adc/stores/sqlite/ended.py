"""Ended: jobs that are over and whose log proves it, in batches that are taken away together."""

from collections.abc import Iterator, Sequence
from typing import Final

import apsw
from msgspec import Struct

from adc.auditing.finding import Finding
from adc.auditing.stored import StoredEvent
from adc.auditing.streams import check_job
from adc.core.instants import Instant
from adc.core.states import over_before
from adc.ports.store import PruneCount
from adc.stores.sqlite import pruning_queries as queries
from adc.stores.sqlite import rows, scanning
from adc.stores.sqlite.archiving import History
from adc.stores.sqlite.troubles import typed

JOBS: Final = 500
"""The most jobs that one transaction takes away: others wait for it."""
EVENTS: Final = 2_000
BYTES: Final = 4 * 1024 * 1024
"""Nor does it take more once it has so many events, or so many bytes of data and bodies."""

_BEGINNING: Final = (-(2**63), 0)


class Batch(Struct, frozen=True):
    """What goes together: histories that prove that their jobs are over; and how many don't, and stay."""

    jobs: tuple[History, ...]
    left: int

    def count(self) -> PruneCount:
        """What it takes."""
        return PruneCount(len(self.jobs), sum(map(len, self.jobs)), self.left)


def batches(connection: apsw.Connection, path: str, done_before: Instant) -> Iterator[Batch]:
    """All jobs that ended before then, in the order in which they were done, then in which they were cancelled."""
    for query in (queries.DONE_BEFORE, queries.CANCELLED_BEFORE):
        place = _BEGINNING
        while True:
            with typed(path, "prune"):
                ended = rows.pairs(connection, query, (done_before, *place, JOBS))
                if not ended:
                    break
                batch, read = batch_of(connection, [seq for _, seq in ended], done_before)
            place = ended[read - 1]
            yield batch


def batch_of(connection: apsw.Connection, seqs: Sequence[int], done_before: Instant) -> tuple[Batch, int]:
    """The jobs to which these events belong, fewer if they have many; and how many of the events that was."""
    jobs: list[History] = []
    left = read = events = size = 0
    for seq in seqs:
        if events >= EVENTS or size >= BYTES:
            break
        found = scanning.events_of(connection, queries.EVENTS_BESIDE, (seq,))
        job = _proved(found, done_before)
        read += 1
        if job is not None:
            jobs.append(job)
            events += len(job)
            size += sum(len(each.data) + len(each.body or b"") for each in job)
        elif found:  # else somebody has pruned it meanwhile
            left += 1
    return Batch(tuple(jobs), left), read


def _proved(found: tuple[StoredEvent | Finding, ...], done_before: Instant) -> History | None:
    """The history, if it proves that its job was over before then."""
    proof = check_job(found)
    if isinstance(proof, tuple) or not over_before(proof.job.state, done_before):
        return None
    return tuple(each for each in found if isinstance(each, StoredEvent))


def prunable(connection: apsw.Connection, path: str, done_before: Instant) -> PruneCount:
    """What could be taken."""
    total = PruneCount()
    for batch in batches(connection, path, done_before):
        total = added(total, batch.count())
    return total


def added(count: PruneCount, more: PruneCount) -> PruneCount:
    """Both together."""
    return PruneCount(count.jobs + more.jobs, count.events + more.events, count.left + more.left)
