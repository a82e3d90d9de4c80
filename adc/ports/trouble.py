"""Trouble: what the outside does to a store, as typed exceptions that say what happened and what to do."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from typing_extensions import override

from adc.core.ids import Xid

_SHOWN: Final = 3


class StoreTrouble(Exception):
    """Something outside went wrong with the store. Its text says whether anything was committed.

    What goes wrong with a write is either NotCommitted, of which most of the others are kinds, or OutcomeUnknown.
    """

    advice = "Nothing was committed by it."
    passing = False
    """Whether the cause may go by itself: then a runner tells of it, keeps what it has, and tries again."""

    def __init__(self, path: str, operation: str, problem: str, code: int = 0) -> None:
        super().__init__(path, operation, problem, code)
        self.path = path
        self.operation = operation
        self.problem = problem
        self.code = code
        """SQLite's extended result code; 0: the trouble isn't SQLite's."""

    @override
    def __str__(self) -> str:
        return " ".join(filter(None, (f"{self.path}: {self.operation}: {self.problem}.", self.advice)))


class NotCommitted(StoreTrouble):
    """Nothing of the write is in the file, and nothing of it will be."""

    advice = "Nothing was committed."


class DiskError(NotCommitted):
    """The system couldn't read or write the file. If that was at the commit, the file was read again since."""

    advice = "Nothing was committed. See what the system's log says of the disk, then try again."
    passing = True


class OutOfMemory(NotCommitted):
    """SQLite got no memory. It says nothing about the file."""

    advice = "Nothing was committed. Try again when there is memory, or with less at once."
    passing = True


class StoreBusy(NotCommitted):
    """Others held the file's lock for longer than the busy timeout."""

    passing = True
    advice = "Nothing was committed. Try again, or open the queue with a longer busy_timeout."


class StoreFull(NotCommitted):
    """The disk, or a quota, is full."""

    passing = True
    advice = "Nothing was committed. Make room, then try again."


class StoreReadOnly(NotCommitted):
    """The file or its directory can't be written."""

    passing = True
    advice = "Nothing was committed. adc writes the file and, beside it, -wal and -shm."


class CannotOpen(NotCommitted):
    """The file can't be opened."""

    passing = True
    advice = "Check that the directory exists and may be written."


class UnsafeFile(NotCommitted):
    """Somebody else may have put the file there, or may put another one in its place; it was left as it was."""

    advice: str = "Nothing was made or changed."

    def __init__(self, path: str, operation: str, problem: str, risk: str = "") -> None:
        super().__init__(path, operation, problem)
        self.risk = risk
        """The name by which `open` allows it; empty: it can't be allowed."""
        if risk:
            self.advice = f"Nothing was made or changed. If you know better, open it with allow=[{risk!r}]."

    @override
    def __reduce__(self) -> tuple[type["UnsafeFile"], tuple[str, str, str, str]]:
        return type(self), (self.path, self.operation, self.problem, self.risk)


class NetworkFileSystem(UnsafeFile):
    """The file is on a file system that several machines may share: on such ones SQLite's locks keep nobody out."""


class SqliteTooOld(NotCommitted):
    """The SQLite that apsw has is one that can lose what was committed: https://sqlite.org/wal.html#walresetbug."""

    advice = "Nothing was made or changed. Install a newer apsw: `pip install -U apsw`."


class NoQueue(NotCommitted):
    """There is no queue in the file, or no file, and none was to be made."""

    advice = "Nothing was made. Check the path, or open it with missing='make'."


class StoreDamaged(NotCommitted):
    """The file isn't a database, or is damaged."""

    advice = "Nothing was committed. Don't write to it: restore a backup, or recover a copy."


class ForeignFile(NotCommitted):
    """The file has tables with adc's names that aren't adc's; it was left as it was."""

    advice = "Choose another file for the queue."


class ReadOnlyArchive(NotCommitted):
    """The file is an archive of pruned jobs: it can be read, and nothing is scheduled, run or changed there."""

    advice = "Nothing was committed. Name the file of the queue itself."


class WrongArchive(NotCommitted):
    """What was to be the archive has a queue in it, is that of another queue, or has other jobs with the same ids."""

    advice = "Nothing more was pruned. Name a new file, or the archive of this queue."


class AlreadyThere(NotCommitted):
    """What was to be a new file has the name of one that is there, or of which a -wal or -journal is there.

    SQLite would take such a one for a part of the new file.
    """

    advice = "Nothing was written. Choose another name, or remove what is there."


class UnsoundBackup(NotCommitted):
    """What was copied isn't as adc wrote it: so there is no backup."""

    advice = "No backup was made. See what `adc verify` says of the file itself."


class FutureVersion(NotCommitted):
    """The file was written by a later adc, perhaps while it was open here; it was left as it was."""

    advice = "Nothing was committed. Update adc."


class PastVersion(NotCommitted):
    """The file is of an earlier format, and no adc of this one has opened it yet; it was left as it was."""

    advice = "Nothing was committed. Let this adc open it once, as `adc --db FILE stats` does: that migrates it."


class MixedSqlite(NotCommitted):
    """This process has the file open by two copies of SQLite, which undo each other's locks: commits may get lost.

    Or by a plain `open`, whose closing drops them too.
    """

    advice = (
        "Nothing was committed. In one process use the queue, or `adc.outbox` on a connection of your own: not both. "
        "What else reads the file does so in another process, or on a copy that `adc backup` or VACUUM INTO made."
    )


class StorageLocksLost(NotCommitted):
    """Something in this process closed descriptors of the file, and its locks went with them; or -wal was removed."""

    advice = "Nothing of this transaction was committed. End this process: its jobs go to others."


class DatabaseMoved(NotCommitted):
    """The file was moved, removed or replaced while it was open: others don't see what is written here."""

    advice = "Nothing of this transaction was committed. Close the queue, and open it where the file is now."


class UsedAfterFork(NotCommitted):
    """A forked child used its parent's queue, or opened a file that its parent had open."""

    advice = (
        "Nothing was committed. Open the queue in the child only, and close the parent's before the fork; "
        "or start a new process instead of a forked one."
    )


class StoreClosed(NotCommitted):
    """The queue was used after it was closed."""

    advice = "Nothing was committed. Use the queue inside its with block."


class OutcomeUnknown(StoreTrouble):
    """The commit failed, and so did reading the file again: what was written may or may not be there, now or later."""

    advice = "Scheduling the same NewJob again is safe: it is stored once, whatever became of the first."

    def __init__(
        self, path: str, operation: str, problem: str, code: int = 0, jids: Sequence[Xid] = (), passing: bool = False
    ) -> None:
        super().__init__(path, operation, problem, code)
        self.jids: tuple[Xid, ...] = tuple(jids)
        """The jobs that it concerns."""
        self.passing = passing
        """Whether the same can be done again whatever became of it, so that a runner does that."""

    @override
    def __reduce__(self) -> tuple[type["OutcomeUnknown"], tuple[str, str, str, int, tuple[Xid, ...], bool]]:
        return OutcomeUnknown, (self.path, self.operation, self.problem, self.code, self.jids, self.passing)

    @override
    def __str__(self) -> str:
        return f"{super().__str__()} It concerns {_listed(self.jids)}." if self.jids else super().__str__()


class VersionConflict(Exception):
    """A transition was made from a state that the job no longer has. Nothing was committed: load it and decide anew."""

    def __init__(self, jid: Xid, expected: int) -> None:
        super().__init__(jid, expected)
        self.jid = jid
        self.expected = expected

    @override
    def __str__(self) -> str:
        return f"job {self.jid} is no longer at version {self.expected}"


class LogPruned(Exception):
    """Events that were asked for are no longer in the log. Begin anew from what there is, or go on without them.

    The next event that there is has the place `next_seq`, now or later: `events(after=next_seq - 1)` goes on there.
    """

    def __init__(self, after: int, next_seq: int) -> None:
        super().__init__(after, next_seq)
        self.after = after
        """The place that was asked for."""
        self.next_seq = next_seq

    @override
    def __str__(self) -> str:
        return f"the log no longer has events {self.after + 1} to {self.next_seq - 1}: it was pruned, or is damaged"


@contextmanager
def suppress_passing() -> Generator[None, None, None]:
    """Within, a trouble whose cause may go by itself ends what was begun, and no more."""
    try:
        yield
    except StoreTrouble as trouble:
        if not trouble.passing:
            raise


def _listed(jids: Sequence[Xid]) -> str:
    """Some of them: there may be thousands."""
    shown = ", ".join(jids[:_SHOWN])
    return f"{shown} and {len(jids) - _SHOWN} more" if len(jids) > _SHOWN else shown
