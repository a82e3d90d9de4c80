"""The course of the database: what the events of its own stream say, and where that leads."""

from adc.auditing.bodies import no_body
from adc.auditing.columns import wrong_columns
from adc.auditing.finding import Finding, Findings
from adc.auditing.stored import StoredEvent
from adc.codec.events import UnreadableEvent, decode_database_event
from adc.core.database import DatabaseState
from adc.core.database_rules import evolve_database
from adc.core.evolve import ImpossibleHistory


class DatabaseCourse:
    """The course of the database so far."""

    def __init__(self) -> None:
        self.state: DatabaseState = DatabaseState()
        self._lost = False

    def add(self, stored: StoredEvent) -> Findings:
        """What is wrong with what the next event says."""
        before = self.state
        try:
            event = decode_database_event(stored.seq, stored.version, stored.type, stored.type_version, stored.text)
            if not self._lost:
                self.state = evolve_database(before, event)
        except UnreadableEvent as unreadable:
            self.lose()
            return (Finding("event", unreadable.problem, stored.jid, stored.seq),)
        except ImpossibleHistory:
            self.lose()
            problem = f"{stored.type} can't follow what the events before it say: {before}"
            return (Finding("history", problem, stored.jid, stored.seq),)
        return wrong_columns(stored, event.at, None, None) + no_body(stored)

    def lose(self) -> None:
        """What follows can't be judged by what came before."""
        self._lost = True
