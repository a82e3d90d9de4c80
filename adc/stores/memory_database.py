"""The database's own stream of a store in memory."""

from typing import TypeAlias, final

from adc.core.database import DatabaseEvent, DatabaseSnapshot, DatabaseTransition
from adc.core.ids import DATABASE
from adc.core.transition import Recorded
from adc.ports.store import Wanted
from adc.ports.trouble import VersionConflict
from adc.stores.appending import database_applied, database_entries

Log: TypeAlias = tuple[Recorded[DatabaseEvent], ...]


@final
class MemoryDatabase:
    """The stream and its fold; `kept` is all of it, to be put back where a transaction is undone."""

    def __init__(self) -> None:
        self.kept: tuple[DatabaseSnapshot, Log] = DatabaseSnapshot(), ()

    @property
    def snapshot(self) -> DatabaseSnapshot:
        """The database as it is."""
        return self.kept[0]

    @property
    def log(self) -> Log:
        """All that happened to it."""
        return self.kept[1]

    def apply(self, transition: DatabaseTransition, last_seq: int) -> int:
        """Append the events: the last number in the log then; raises VersionConflict."""
        snapshot, log = self.kept
        if not transition.events:
            return last_seq
        if transition.before.head != snapshot.head:
            raise VersionConflict(DATABASE, transition.before.version)
        added = [each.recorded for each in database_entries(transition, last_seq + 1)]
        self.kept = database_applied(transition, added[-1]), (*log, *added)
        return added[-1].seq

    def unpaused(self, wanted: Wanted) -> Wanted:
        """What is wanted of queues that aren't paused."""
        paused = self.snapshot.state.paused
        return (
            Wanted(tuple(queue for queue in wanted.queues if queue not in paused), wanted.kinds) if paused else wanted
        )
