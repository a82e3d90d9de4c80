"""The course of a job: what its events say one after the other, with its columns and bodies, and where that leads."""

from msgspec import Struct

from adc.auditing.bodies import Bodies
from adc.auditing.chains import Chain
from adc.auditing.columns import wrong_columns
from adc.auditing.finding import SOUND, Finding, Findings
from adc.auditing.stored import StoredEvent
from adc.codec.events import UnreadableEvent, decode_event
from adc.core.events import Event, JobScheduled
from adc.core.evolve import ImpossibleHistory, evolve
from adc.core.ids import Xid
from adc.core.instants import Instant
from adc.core.states import Absent, JobState, Scheduled
from adc.core.transition import Snapshot


class Proof(Struct, frozen=True):
    """What the log proves of a job: the fold of its events, and the two moments that its row has beside it."""

    job: Snapshot
    enqueued_at: Instant
    due: Instant
    """When it was due last: a job that runs, or is dead, keeps it."""


class JobCourse:
    """The course of one job so far."""

    __slots__ = ("_bodies", "_due", "_enqueued_at", "_jid", "_lost", "_seq", "_state")

    def __init__(self) -> None:
        self._jid = Xid("")
        self._seq = 0
        self._state: JobState = Absent()
        self._lost = False
        """Whether the state can't be judged any more."""
        self._enqueued_at = self._due = Instant(0)
        self._bodies = Bodies()

    def add(self, stored: StoredEvent) -> Findings:
        """What is wrong with what the next event says."""
        jid, seq, version = stored.jid, stored.seq, stored.version
        try:
            event = decode_event(jid, seq, version, stored.type, stored.type_version, stored.text)
        except UnreadableEvent as unreadable:
            self.lose()
            return (Finding("event", unreadable.problem, jid, seq),)
        kind, key = (event.terms.kind, event.terms.key) if isinstance(event, JobScheduled) else (None, None)
        return wrong_columns(stored, event.at, kind, key) + self._bodies.add(stored, event) + self._go_on(stored, event)

    def lose(self) -> None:
        """What follows can't be judged by what came before."""
        self._lost = True

    def missing(self) -> Findings:
        """At the end: the bodies that aren't there."""
        return self._bodies.missing()

    def proof(self, chain: Chain) -> Proof:
        """What these events prove, if nothing was found."""
        job = Snapshot(self._jid, self._state, self._seq, chain.version, chain.head)
        return Proof(job, self._enqueued_at, self._due)

    def _go_on(self, stored: StoredEvent, event: Event) -> Findings:
        if self._lost:
            return SOUND
        before = self._state
        try:
            self._state = state = evolve(before, event)
        except ImpossibleHistory:
            self.lose()
            problem = f"{stored.type} can't follow: by the events before it the job is {type(before).__name__}"
            return (Finding("history", problem, stored.jid, stored.seq),)
        if isinstance(state, Scheduled):
            self._due = state.due
        if isinstance(before, Absent):
            self._jid, self._seq, self._enqueued_at = stored.jid, stored.seq, event.at
        return SOUND
