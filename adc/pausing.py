"""Pausing: queues from which no process claims anything until they are resumed."""

from adc.core.database import Pause, Resume
from adc.core.names import name_of
from adc.handling.cause import current_cause
from adc.ports.clock import Clock
from adc.ports.store import Store
from adc.shell import change_database


class Pausing:
    """The verbs, over what every queue has."""

    store: Store
    clock: Clock
    actor: str

    def pause(self, queue: str, /) -> None:
        """Claim nothing more from a queue, in any process, until it is resumed; its jobs that run go on.

        They can still be scheduled, changed and cancelled meanwhile. To pause it again changes nothing. It is an event
        of the database's own history, that of the id `00000000000000000000`.
        """
        name = name_of("queue", queue)
        with self.store.writing() as writing:
            change_database(writing, Pause(self.clock.now(), name), actor=self.actor, cause=current_cause())

    def resume(self, queue: str, /) -> None:
        """Claim from a queue again: the runners that serve it are woken.

        What fell due meanwhile is due at once. To resume a queue that isn't paused changes nothing.
        """
        name = name_of("queue", queue)
        with self.store.writing() as writing:
            change_database(writing, Resume(self.clock.now(), name), actor=self.actor, cause=current_cause())

    def paused(self) -> tuple[str, ...]:
        """The queues that are paused, in alphabetical order."""
        return tuple(sorted(self.store.paused()))
