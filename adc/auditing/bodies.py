"""Bodies: payloads and results are the bytes whose hash and size the events have; those of an erased job are gone."""

from adc.auditing.finding import SOUND, Finding, Findings
from adc.auditing.stored import StoredEvent
from adc.codec.events import body_of
from adc.core.events import Event, JobDone, JobScheduled, PayloadErased
from adc.core.terms import Body


class Bodies:
    """One job's bodies so far."""

    __slots__ = ("_absent", "_present")

    def __init__(self) -> None:
        self._absent: list[StoredEvent] = []
        self._present: list[StoredEvent] = []

    def add(self, stored: StoredEvent, event: Event) -> Findings:
        """What is wrong with the next event's body, or with those before it, which the event says are erased."""
        match event:
            case JobScheduled(terms=terms):
                return self._expect(stored, terms.payload)
            case JobDone(result=result):
                return self._expect(stored, result)
            case PayloadErased():
                present, self._present, self._absent = self._present, [], []
                problem = "its bytes are there, though a later event erased them"
                return no_body(stored) + tuple(_found(each, problem) for each in present)
            case _:
                return no_body(stored)

    def missing(self) -> Findings:
        """At the end: what isn't there, though nothing erased it."""
        return tuple(_found(each, "its bytes are missing, and nothing erased them") for each in self._absent)

    def _expect(self, stored: StoredEvent, said: Body) -> Findings:
        if stored.body is None:
            self._absent.append(stored)
            return SOUND
        self._present.append(stored)
        there = body_of(stored.body)
        if there == said:
            return SOUND
        problem = f"its {there.size} bytes with hash {there.hash} aren't the {said.size} with hash {said.hash}"
        return (_found(stored, problem),)


def no_body(stored: StoredEvent) -> Findings:
    """What is wrong with the body of an event that has none."""
    if stored.body is None:
        return SOUND
    return (_found(stored, f"{stored.type} has bytes beside it, which no such event has"),)


def _found(stored: StoredEvent, problem: str) -> Finding:
    return Finding("body", problem, stored.jid, stored.seq)
