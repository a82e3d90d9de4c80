"""Custody: whether this process may still use a connection; once it may not, it never does again."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Final, final
from weakref import WeakKeyDictionary, ref

import apsw

from adc.core.ids import Xid
from adc.ports.trouble import OutcomeUnknown, StorageLocksLost, StoreTrouble, UsedAfterFork
from adc.stores.sqlite.descriptors import Descriptors, Found, Identity, find, identity_of
from adc.stores.sqlite.filesystems import tells_kinds
from adc.stores.sqlite.strangers import refuse_strangers
from adc.stores.sqlite.troubles import typed

_INHERITED: Final = "the queue was opened by the process that this one was forked from"


@final
class Custody:
    """Of one connection: the reason for which it is barred, if it is, and how to find one."""

    __slots__ = ("_barred", "_connection", "_path", "descriptors", "identity", "inherited")

    def __init__(self, connection: apsw.Connection, path: str) -> None:
        self._connection = ref(connection)
        self._path = path
        self._barred: Found | None = None
        self.identity: Identity | None = identity_of(connection.filename)
        """Which file it is, by whatever name; None: it is in memory."""
        self.descriptors: Descriptors | None = None
        """None: they aren't watched."""
        self.inherited: bool = False
        """Whether another process, of which this one is a copy, opened the connection."""

    def watch(self, connection: apsw.Connection, before: Collection[int]) -> None:
        """Find its descriptors, now that it has all of them. `before` are those that its -wal had already.

        Raises StorageLocksLost if the locks of another connection here are lost: SQLite takes them once in a process,
        so that this one has none either.
        """
        for opened, other in all_custodies():
            if opened is not connection and other.identity == self.identity and opened in apsw.connections():
                other.look("open")
        self.descriptors = find(connection, before)

    @property
    def files(self) -> frozenset[Identity]:
        """All that it has open here, as far as that is known; none, in a forked child."""
        if self.inherited or self.identity is None:
            return frozenset()
        return self.descriptors.files if self.descriptors is not None else frozenset({self.identity})

    def absent_guards(self) -> tuple[str, ...]:
        """What can't be noticed here, for people."""
        if self.identity is None:
            return ()
        drives = () if tells_kinds() else ("a network drive",)
        if self.descriptors is None:
            return ("closed descriptors", "a moved file", "lost locks", "another SQLite in this process", *drives)
        seen = {"a closed -wal": self.descriptors.sees_wal, "lost locks": self.descriptors.sees_locks}
        return (*(guard for guard, is_there in seen.items() if not is_there), *drives)

    def admit(self, operation: str) -> None:
        """Raise why the connection may not be used, if that is known already: this costs next to nothing."""
        if self._barred is not None:
            trouble, problem = self._barred
            raise trouble(self._path, operation, problem)

    def before_begin(self, operation: str = "begin") -> None:
        """Look before a transaction begins: reading or spilling through another's descriptor helps nobody."""
        self.admit(operation)
        if self.descriptors is not None:
            found = self.descriptors.lost_at_begin()
            if found is not None:
                self._bar_and_raise(found, operation)

    def before_commit(self) -> None:
        """Look before it is committed: whether what would be written goes where it belongs."""
        self.admit("commit")
        if self.descriptors is not None:
            found = self.descriptors.lost_at_commit()
            if found is not None:
                self._bar_and_raise(found, "commit")

    def after_commit(self, jids: Sequence[Xid]) -> None:
        """Look once it is committed, before anybody is told: whether all that it relied on was there until now."""
        if self.descriptors is not None and (found := self.descriptors.unlocked()) is not None:
            self._bar(found)
            problem = f"{found[1]}, while this was committed: another process may have written at the same time"
            raise OutcomeUnknown(self._path, "commit", problem, jids=jids)

    def look(self, operation: str) -> None:
        """Look between transactions: whether what the next one relies on is there, and nobody else is at it."""
        self.admit(operation)
        if self.descriptors is not None:
            found = self.descriptors.lost() or self.descriptors.unlocked()
            if found is not None:
                self._bar_and_raise(found, operation)
            refuse_strangers(self._path, operation, self.descriptors.of_log)

    def look_again(self, error: BaseException) -> None:
        """Look whether a trouble comes of lost descriptors, which then is what has to be told.

        OutcomeUnknown stays: SQLite may have committed before it noticed.
        """
        if self.descriptors is None or not isinstance(error, StoreTrouble) or isinstance(error, OutcomeUnknown):
            return
        found = self.descriptors.lost()
        if found is not None and not isinstance(error, found[0]):
            self._bar(found)
            raise found[0](self._path, error.operation, found[1]) from error

    def inherit(self) -> None:
        """This process is a forked one: the connection is another's."""
        self.inherited = True
        self.descriptors = None
        self._barred = UsedAfterFork, _INHERITED

    def close(self, connection: apsw.Connection) -> None:
        """Close it; but never through descriptors that are another's by now.

        In a forked child this does nothing: the connection is its parent's.
        """
        if self.inherited:
            return
        if self.descriptors is not None:
            found = self.descriptors.lost()
            if found is not None:
                self._bar(found)
                return
            if (
                self.descriptors.moved() is not None
            ):  # then SQLite leaves what was committed in -wal, which has another name
                with suppress(apsw.Error):
                    connection.wal_checkpoint()
        self.descriptors = None
        _custodies.pop(connection, None)
        with typed(self._path, "close"):
            connection.close()

    def _bar_and_raise(self, found: Found, operation: str) -> None:
        self._bar(found)
        self.admit(operation)

    def _bar(self, found: Found) -> None:
        self._barred = found
        connection = self._connection()
        if found[0] is StorageLocksLost and connection is not None:
            keep_for_ever(connection)


_custodies: WeakKeyDictionary[apsw.Connection, Custody] = WeakKeyDictionary()


def custody_of(connection: apsw.Connection, path: str) -> Custody:
    """The custody of a connection that this process opened."""
    known = _custodies.get(connection)
    if known is None:
        known = _custodies[connection] = Custody(connection, path)
    return known


def all_custodies() -> list[tuple[apsw.Connection, Custody]]:
    """Of all connections that are open. Other threads may open and close some meanwhile."""
    there = [connection for reference in _custodies.keyrefs() if (connection := reference()) is not None]
    return [(connection, custody) for connection in there if (custody := _custodies.get(connection)) is not None]


def keep_for_ever(connection: apsw.Connection) -> None:
    """See to it that nothing closes the connection, not the end of the interpreter either.

    apsw closes all connections when its module goes, so that one has to stay too.
    """
    from ctypes import py_object, pythonapi  # noqa: PLC0415  it is seldom needed

    for each in (connection, apsw):
        pythonapi.Py_IncRef(py_object(each))
