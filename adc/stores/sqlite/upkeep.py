"""The verbs of the SQLite store that look after its file: diagnose, back up, compact."""

import os.path
from abc import abstractmethod

from adc.auditing.diagnosis import Diagnosis
from adc.core.instants import Span
from adc.ports.clock import Clock
from adc.ports.trouble import NoQueue, StoreClosed, StoreTrouble
from adc.ports.upkeep import BackedUp, Compacted
from adc.stores.sqlite import pages, rows
from adc.stores.sqlite.runners import SqliteRunners


class SqliteUpkeep(SqliteRunners):
    """A part of SqliteStore. What reads the file, or makes it smaller, has a connection of its own."""

    @property
    @abstractmethod
    def absent_guards(self) -> tuple[str, ...]:
        """What this system doesn't let the store notice."""

    @abstractmethod
    def refuse_nesting(self) -> None:
        """Raise a StoreTrouble if this thread is in a write transaction."""

    def diagnose(self) -> Diagnosis:
        """How the file lives."""
        from adc.stores.sqlite.diagnosing import Here, diagnose  # noqa: PLC0415  it is seldom needed

        if self._custody.identity is None:
            raise NoQueue(self._path, "diagnose", "a queue in memory has no file")
        try:
            synchronous = self._read("diagnose", lambda opened: rows.number(opened, pages.SYNCHRONOUS)) or 0
        except StoreClosed:
            raise
        except StoreTrouble as trouble:
            return diagnose(self._path, trouble)
        return diagnose(self._path, Here(synchronous, self.absent_guards))

    def back_up(self, to: str, clock: Clock) -> BackedUp:
        """Make a verified copy; raises a StoreTrouble, and then there is none."""
        from adc.stores.sqlite.backing_up import back_up, back_up_file, copy_pages  # noqa: PLC0415  as above

        self.refuse_nesting()
        if not self._is_in_memory():
            return back_up_file(self._path, to, clock)
        return back_up(
            *(self._path, to, clock),
            lambda into: self._read("back up", lambda connection: copy_pages(connection, into, to)),
        )

    def compact(self, budget: Span) -> Compacted:
        """Give back what is free."""
        from adc.stores.sqlite.compacting import compact_file  # noqa: PLC0415  as above

        self.refuse_nesting()
        if self._is_in_memory():
            return Compacted(0, 0, 0, 0, gives_back=False)
        return compact_file(self._path, budget)

    def compact_here(self) -> tuple[bool, int]:
        """Give free pages back on this connection, which is for nothing else: whether that can be; what is left."""
        from adc.stores.sqlite.compacting import free_bytes, give_back  # noqa: PLC0415  as above
        from adc.stores.sqlite.unguarded import GIVES_BACK, unguarded  # noqa: PLC0415  as above

        with self._lock:
            self.refuse_nesting()
            with unguarded(self._connection, GIVES_BACK):
                gives_back = give_back(self._connection, self._path, self.writing)
                return gives_back, free_bytes(self._connection, self._path)

    def wal_bytes(self) -> int:
        """How long the -wal is; 0: there is none. Nothing is opened for it."""
        if (descriptors := self._custody.descriptors) is not None and descriptors.sees_wal:
            with self._lock:
                return descriptors.wal_bytes()
        try:
            return os.path.getsize(f"{self._path}-wal")  # noqa: PTH202  pathlib would cost 4 ms of each import of adc
        except OSError:
            return 0

    def _is_in_memory(self) -> bool:
        return not self._read("open", lambda connection: connection.filename)
