"""Undisturbed: what one connection needn't read again, because nobody else has committed since it did.

SQLite counts, in each connection, the commits of anybody that it has come to see: its own, and, when a transaction
begins, whether there were others. To ask for that number costs nothing, so what a transaction found out is believed in
the next one, for just as long as the number is the one that its commit left.
"""

from typing import final

import apsw

from adc.core.ids import RunnerId


@final
class Undisturbed:
    """What is known between the transactions of one connection. One thread at a time."""

    __slots__ = ("_left", "doubted", "enrolled", "era", "last_seq")

    def __init__(self) -> None:
        self._left: int | None = None
        """The number that the last commit left; None: nothing is believed."""
        self.era: int = 0
        """It grows whenever others may have changed something: what was found out in another era isn't believed."""
        self.last_seq: int = 0
        """The place of the latest event, for the transaction that has begun."""
        self.enrolled: set[RunnerId] = set()
        """Runners that are on the roll."""
        self.doubted: set[int] = set()
        """The places of jobs whose rows turned out to be other ones than their log leads to; no commit ends that."""

    def begin(self, connection: apsw.Connection) -> bool:
        """Whether nobody else has committed since this connection did. Asked in a transaction, before all else."""
        if connection.data_version() == self._left:
            return True
        self.forget()
        return False

    def committed(self, connection: apsw.Connection) -> None:
        """The transaction is committed. Told at once: a look at the file may see what others do."""
        self._left = connection.data_version()

    def forget(self) -> None:
        """Believe nothing: others have committed, or this transaction is undone."""
        self._left = None
        self.enrolled.clear()
        self.era += 1
