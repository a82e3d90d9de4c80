"""Stretches: a job's history as what it did, one stretch after another: how long it waited and ran, or was dead."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias, assert_never, final

from msgspec import Struct

from adc.cli.sentences import said_of, says
from adc.cli.times import span_text
from adc.core.events import (
    CancelAsked,
    Event,
    JobCancelled,
    JobCrashed,
    JobDied,
    JobDone,
    JobRedriven,
    JobReleased,
    JobRescheduled,
    JobRetried,
    JobScheduled,
    JobSnoozed,
    JobStarted,
    PayloadErased,
)
from adc.core.evolve import evolve
from adc.core.instants import Instant, Span, timedelta_of
from adc.core.states import Absent, Cancelled, Cancelling, Dead, Done, JobState, Scheduled, Started
from adc.core.transition import Recorded

Look: TypeAlias = Literal["early", "due", "runs", "asked", "dead", "left out"]
"""It isn't due yet; it is due, and nobody runs it; it runs; it runs, and was cancelled; it is dead."""

End: TypeAlias = Literal["done", "again", "crashed", "died", "cancelled", "redriven", "open", "left out"]
"""How a stretch ended, if it did; what is left out may have ended in any way."""

WAITS: Final = "waits"
DEAD: Final = "dead"


class Part(Struct, frozen=True):
    """So long it looked like this."""

    look: Look
    length: Span


class Stretch(Struct, frozen=True):
    """An attempt and the wait before it; or a wait that no attempt ended; or a time for which the job was dead."""

    name: str
    """The attempt's number, WAITS or DEAD."""
    parts: tuple[Part, ...]
    end: End
    said: str

    def length(self, *looks: Look) -> Span:
        """How long it looked so."""
        return Span(sum(part.length for part in self.parts if part.look in looks))


def stretches_of(history: Sequence[Recorded], now: Instant) -> tuple[Stretch, ...]:
    """All stretches in order, the last one up to now if it goes on. Clocks that were set back stand still instead.

    That a job is dead is told only where it was redriven or cancelled: else it would be, for ever.
    """
    drawing = _Drawing(history[0].event.at)
    for recorded in history:
        drawing.add(recorded.event)
    drawing.leave_open(now)
    return tuple(drawing.found)


@final
class _Drawing:
    """The stretches up to some event."""

    def __init__(self, began: Instant) -> None:
        self.found: list[Stretch] = []
        self._state: JobState = Absent()
        self._last = began
        self._name = WAITS
        self._parts: list[Part] = []
        self._because = ""
        """Why its last crash was taken for one."""

    def add(self, event: Event) -> None:
        """What happened next."""
        self._pass(event.at)
        self._state = evolve(self._state, event)
        if isinstance(event, JobStarted):
            self._name = str(event.attempt)
        if isinstance(event, JobCrashed):
            self._because = event.because
        ended = end_of(event)
        if ended is not None:
            end, said = ended
            is_poison = isinstance(event, JobDied) and event.reason == "Poison"
            self._end(end, f"{said}: {self._because}" if is_poison else said)

    def leave_open(self, now: Instant) -> None:
        """Nothing more has happened yet."""
        if isinstance(self._state, Done | Dead | Cancelled):
            return
        self._pass(now)
        self._end("open", _outlook(self._state, now))

    def _pass(self, at: Instant) -> None:
        """Time went by in the state in which the job was."""
        at = max(at, self._last)
        for part in _passed(self._state, self._last, at):
            same = self._parts and self._parts[-1].look == part.look
            length = Span(self._parts.pop().length + part.length) if same else part.length
            self._parts.append(Part(part.look, length))
        self._last = at

    def _end(self, end: End, said: str) -> None:
        self.found.append(Stretch(self._name, tuple(self._parts), end, said))
        self._name = DEAD if isinstance(self._state, Dead) else WAITS
        self._parts = []


def end_of(event: Event) -> tuple[End, str] | None:
    """How it ends a stretch, and what there is to say of it; None: it ends none."""
    match event:
        case JobDone():
            return "done", f"done: {says(event)}"
        case JobRetried(fault=fault):
            return "again", said_of(fault)
        case JobSnoozed():
            return "again", "snoozed"
        case JobReleased(why=why):
            return "again", f"given back: {why}"
        case JobCrashed(because=because):
            # Without a due time the next event, of the same moment, ends the job.
            return None if event.due is None else ("crashed", f"crashed: {because}")
        case JobDied():
            return "died", f"died: {says(event)}"
        case JobCancelled(how="waiting" | "dead"):
            return "cancelled", "cancelled"
        case JobCancelled():
            return "cancelled", f"cancelled: {says(event)}"
        case JobRedriven():
            return "redriven", "redriven"
        case JobScheduled() | JobStarted() | JobRescheduled() | CancelAsked() | PayloadErased():
            return None
        case _:
            assert_never(event)


def _passed(state: JobState, since: Instant, at: Instant) -> Iterator[Part]:
    match state:
        case Scheduled(due=due):
            turn = Instant(min(max(due, since), at))
            if turn > since:
                yield Part("early", Span(turn - since))
            if at > turn:
                yield Part("due", Span(at - turn))
        case Started():
            yield Part("runs", Span(at - since))
        case Cancelling():
            yield Part("asked", Span(at - since))
        case Dead():
            yield Part("dead", Span(at - since))
        case Absent() | Done() | Cancelled():
            pass
        case _:
            assert_never(state)


def _outlook(state: JobState, now: Instant) -> str:
    match state:
        case Scheduled(due=due):
            return f"due in {span_text(timedelta_of(Span(due - now)))}" if due > now else "due"
        case Cancelling():
            return "runs, cancelled"
        case _:
            return "runs"
