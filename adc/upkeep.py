"""Upkeep: how a queue's file lives, a backup of it, and the room that it no longer needs."""

import os.path
from collections.abc import Iterator
from os import PathLike, fspath
from typing import TYPE_CHECKING, Final

from adc.auditing.finding import Finding
from adc.core.instants import Span
from adc.ports.clock import Clock
from adc.ports.store import Store
from adc.ports.upkeep import BackedUp, Compacted
from adc.stores.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from adc.auditing.diagnosis import Diagnosis

_BUDGET: Final = Span(10_000_000)
"""How long a transaction that gives pages back waits for others."""


def doctor(path: str | PathLike[str]) -> "Diagnosis":
    """Look at a queue's file from all sides, also at one that can't be opened as a queue: `SqliteQueue.doctor`.

    Raises NoQueue if there is no file.
    """
    from adc.stores.sqlite.diagnosing import diagnose  # noqa: PLC0415  it is seldom needed

    return diagnose(os.path.abspath(fspath(path)))  # noqa: PTH100  pathlib would cost 4 ms of each import of adc


class Upkeep:
    """The verbs, over what a queue in a file has."""

    store: Store
    clock: Clock

    def doctor(self) -> "Diagnosis":
        """Look at the file from all sides, and say what isn't well, and what to do about it.

        Versions, format, durability, who runs jobs, which processes have the file open and what they do, who reads how
        it was before and so lets the -wal grow, how long that is, free pages, room on the disk, absent guards, and who
        may read and write it. Nothing is written, and nobody is held up.
        """
        return self._file.diagnose()

    def backup(self, to: str | PathLike[str]) -> BackedUp:
        """Make a copy of one moment of the file, while everything goes on, and verify it before it gets its name.

        It is on disk then, and its owner's alone. It opens as a queue: of the runners here it knows nothing, so what
        they run now is given to others there. Raises AlreadyThere if there is such a file, UnsoundBackup if what was
        copied isn't as adc wrote it, and other StoreTroubles, as StoreFull; then there is no file of that name. As long
        as it copies, the -wal beside the file grows with what others write.
        """
        return self._file.back_up(os.path.abspath(fspath(to)), self.clock)  # noqa: PTH100  as above

    def compact(self) -> Compacted:
        """Give free pages of the file back to the system, a few in each transaction, so that others go on.

        Then the -wal is made empty, if nobody reads from it; for that others may have to wait for a fifth of a second.
        A file that adc didn't make has its free pages still: only VACUUM takes them, which lets all others wait.
        """
        return self._file.compact(_BUDGET)

    def verify(self) -> Iterator[Finding]:
        """Check all that can be checked of the file: what isn't as adc wrote it, nothing if all is well.

        SQLite's own check; adc's tables, indexes and triggers; the sequence of the log, its digests, payloads and
        results; whether each event can follow the one before it; and whether `adc_jobs` is what follows from the log.
        It finds accidents and careless edits, not a forger.

        It reads one moment of the file, job by job, on a connection of its own: it holds nobody up, and needs little
        memory. But until it is at its end, or closed, the -wal beside the file grows with what others write.
        """
        return self._file.verify()

    @property
    def _file(self) -> SqliteStore:
        assert isinstance(self.store, SqliteStore)  # as `SqliteQueue.open` makes it
        return self.store
