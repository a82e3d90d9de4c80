"""Pruning: the histories of jobs that have long been over leave the log."""

from datetime import datetime

from adc.core.instants import instant_of
from adc.handling.cause import current_cause
from adc.ports.clock import Clock
from adc.ports.store import PruneCount, Store


class Pruning:
    """The verbs, over what every queue has."""

    store: Store
    clock: Clock
    actor: str

    def prune(self, *, done_before: datetime) -> PruneCount:
        """Remove the histories of all jobs that were done or cancelled before a moment: how many.

        Nothing is known of such a job then: its key is free again, its result is gone, and scheduling the same NewJob
        again makes a new job of it. Jobs that wait, run or are dead stay whole. Followers of the log that hadn't got to
        the events get LogPruned.

        It takes short transactions, so that runners go on; each is an event `Pruned` of the database's own history. If
        it breaks off, what it has done is done, and it can be called again.
        """
        moment = instant_of(done_before)
        return self.store.prune(moment, at=self.clock.now(), actor=self.actor, cause=current_cause())

    def prunable(self, *, done_before: datetime) -> PruneCount:
        """What `prune` would remove. It reads all of it, and checks it."""
        return self.store.prunable(instant_of(done_before))
