"""Remembered: the jobs that a store started itself, so that whoever ends them needn't read and decode them again.

One is believed where nobody else has committed since it was noted, or its row has the same head now. That is the digest
of all that happened to the job, so the fold is the same too; what others did meanwhile, and what was undone, is seen by
it.
"""

from collections.abc import Sequence
from typing import Final, final

import apsw

from adc.core.ids import Xid
from adc.core.states import Started
from adc.core.transition import Snapshot
from adc.stores.sqlite import queries, rows
from adc.stores.sqlite.loading import as_json

MOST: Final = 10_000
"""More aren't kept: those that others ended meanwhile would stay for ever."""


@final
class Remembered:
    """Those of one store. One thread at a time."""

    __slots__ = ("_started",)

    def __init__(self) -> None:
        self._started: dict[Xid, tuple[Snapshot, int]] = {}
        """With the era in which each was so."""

    def note(self, jobs: Sequence[Snapshot], era: int) -> None:
        """These are so now, unless that is undone."""
        for job in jobs:
            if isinstance(job.state, Started):
                self._started[job.jid] = job, era
            else:
                self._started.pop(job.jid, None)
        while len(self._started) > MOST:
            del self._started[next(iter(self._started))]

    def among(self, connection: apsw.Connection, jids: Sequence[Xid], era: int) -> dict[Xid, Snapshot]:
        """Those of these jobs that are still so, in this era."""
        known = [self._started[jid] for jid in jids if jid in self._started]
        found = {job.jid: job for job, so_in in known if so_in == era}
        doubtful = [job for job, so_in in known if so_in != era]
        if doubtful:
            heads = rows.blobs_by_number(connection, queries.HEADS, (as_json([job.seq for job in doubtful]),))
            found |= {job.jid: job for job in doubtful if heads.get(job.seq) == job.head}
        return found
