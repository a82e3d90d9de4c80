"""The verbs of the SQLite store that are about runners: the roll, their signs of life, and who is woken."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from threading import RLock

import apsw
from msgspec import DecodeError
from typing_extensions import TypeVar

from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant
from adc.core.liveness import Sign
from adc.ports.signs import Rest
from adc.ports.store import Enrolled, Enrolment
from adc.ports.trouble import StoreDamaged, StoreTrouble
from adc.ports.wakeup import Wake
from adc.stores.sqlite import queries, rows
from adc.stores.sqlite.custody import custody_of
from adc.stores.sqlite.roll import Roll
from adc.stores.sqlite.troubles import typed
from adc.stores.sqlite.undisturbed import Undisturbed
from adc.stores.sqlite.writing import SqliteWriting

Answer = TypeVar("Answer")


class SqliteRunners(ABC):
    """A part of SqliteStore, which has the transactions and the jobs."""

    def __init__(
        self, connection: apsw.Connection, path: str, roll: Roll, reopen: Callable[[], apsw.Connection] | None
    ) -> None:
        self._connection = connection
        self._path = path
        self._roll = roll
        self._custody = custody_of(connection, path)
        self._lock = RLock()  # apsw refuses two threads in one connection
        self._reopen = reopen
        """How to have another connection; None: there can't be one."""
        self._undisturbed = Undisturbed()
        self._trusted = True
        """Whether the connection may be used still."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[SqliteWriting]:
        """Begin a write transaction."""

    def enrol(self, runner: Enrolment) -> None:
        """Put a runner on the roll, and begin its signs of life."""
        slot: int | None = None
        try:
            with self.writing(), typed(self._path, "enrol"):
                slot, place = self._roll.enter(self._connection, runner)
        except BaseException:
            if slot is not None:
                self._roll.leave(slot)
            raise
        with self._lock:
            self._undisturbed.forget()
            self._roll.entered(runner.runner, slot, place)
            with suppress(apsw.Error):
                self._roll.sweep(self._connection)

    def listen(self, runner: RunnerId, wake: Wake) -> None:
        """Wake a runner that way when there is something to do for it."""
        self._roll.listen(runner, wake)

    def is_heard(self, runner: RunnerId) -> bool:
        """Whether other processes can wake it, too."""
        return self._roll.is_heard(runner)

    def rest(self, runner: RunnerId, rest: Rest) -> None:
        """Let whoever commits see whether a runner rests."""
        self._custody.admit("rest")
        self._roll.rest(runner, rest)

    def beat(self, runner: RunnerId, at: Instant) -> bool:
        """Give a sign of life; whether others can still see it."""
        self._custody.look("beat")
        return self._roll.beat(runner, at)

    def resign(self, runner: RunnerId) -> None:
        """Take a runner off the roll that ends, unless it holds jobs."""
        try:
            with self.writing(), typed(self._path, "resign"):
                self._undisturbed.enrolled.discard(runner)
                self._connection.execute(queries.RESIGN, (runner,))
        finally:
            self._roll.let_go(runner)

    def let_go(self, runner: RunnerId) -> None:
        """End a runner's signs of life, and write nothing: also where nothing may be written any more."""
        if self._custody.inherited:
            self._custody.admit("let_go")
        self._roll.let_go(runner)

    def signs(self) -> Mapping[RunnerId, Sign | None]:
        """What can be seen of each runner."""
        return self._read("signs", self._roll.signs)

    def roll(self) -> tuple[Enrolled, ...]:
        """All runners, in the order in which they enrolled."""
        try:
            return self._read("roll", self._roll.all)
        except DecodeError as error:
            raise StoreDamaged(self._path, "roll", f"a row of adc_runners isn't what adc writes ({error})") from error

    def holding(self, runner: RunnerId) -> Mapping[Xid, bool]:
        """The jobs that a runner holds, and whether each was cancelled."""
        found = self._read("holding", lambda connection: rows.numbers_by_text(connection, queries.HOLDING, (runner,)))
        return {Xid(jid): bool(cancelled) for jid, cancelled in found.items()}

    def _read(self, operation: str, ask: Callable[[apsw.Connection], Answer]) -> Answer:
        self._custody.admit(operation)
        try:
            with self._lock, typed(self._path, operation):
                self._renew()
                self._custody.before_begin(operation)
                return ask(self._connection)
        except StoreTrouble as trouble:
            self._custody.look_again(trouble)
            raise

    def _renew(self) -> None:
        """Have another connection in the place of one that isn't trusted; raises a StoreTrouble while there is none."""
        if self._trusted or self._reopen is None:
            return
        fresh = self._reopen()
        with suppress(StoreTrouble):
            self._custody.close(self._connection)
        self._connection, self._custody, self._trusted = fresh, custody_of(fresh, self._path), True
        self._undisturbed.forget()  # and not a new one, whose eras would begin again
