"""Recorded: one attempt as an exported job tells of it: what its handler was given, when, and what came of it."""

from collections.abc import Mapping, Sequence

from msgspec import DecodeError, Struct, json

from adc.codec.exported import Exported, NotAnExport, bytes_of, events_of
from adc.core.events import CancelAsked, Event, JobStarted
from adc.core.evolve import evolve
from adc.core.instants import Instant
from adc.core.states import Absent, JobState, Scheduled, Started
from adc.handling.job import Held


class RecordedAttempt(Struct, frozen=True):
    """One attempt."""

    held: Held
    began: Instant
    ended: Event | None
    """What came of it; None: it still ran when the job was exported."""


def attempts_of(exported: Exported) -> Sequence[RecordedAttempt]:
    """All attempts of the job, in order."""
    payload = None if exported.payload is None else bytes_of(exported.payload)
    found: list[RecordedAttempt] = []
    state: JobState = Absent()
    events = events_of(exported)
    for place, event in enumerate(events, 1):
        before, state = state, evolve(state, event)
        if isinstance(event, JobStarted):
            assert isinstance(before, Scheduled)
            assert isinstance(state, Started)
            held = Held(exported.jid, state, before.due, payload)
            found.append(RecordedAttempt(held, event.at, _end(events[place:])))
    return found


def recorded_attempt(exported: Exported, number: int | None) -> RecordedAttempt:
    """The attempt of this number, 1-based; None: the last one. Raises ValueError if there is none."""
    attempts = attempts_of(exported)
    if not attempts:
        raise ValueError(f"job {exported.jid} has no attempt: it was never started")
    if number is None:
        return attempts[-1]
    if not 1 <= number <= len(attempts):
        raise ValueError(f"job {exported.jid} has the attempts 1 to {len(attempts)}, not {number}")
    return attempts[number - 1]


def recorded_answers(exported: Exported, attempt: int) -> Mapping[str, object]:
    """What durable steps had given by the end of the attempt, as JSON has it."""
    known = [each for each in exported.answers if each.attempt <= attempt]
    try:
        return {each.step: json.decode(bytes_of(each.answer)) for each in known}
    except (DecodeError, RecursionError) as error:
        raise NotAnExport(f"the answer of a step isn't JSON: {error}") from error


def _end(events: Sequence[Event]) -> Event | None:
    """The first event that says what came of an attempt, among those behind its start."""
    return next((event for event in events if not isinstance(event, CancelAsked)), None)
