"""Scenario: given these events, when this is asked, then those follow: a transition in three lines, with no database.

given(scheduled).when(Cancel(jid, at)).then(JobCancelled(at, "waiting"))
"""

from typing import final

from adc.core.commands import Command
from adc.core.decide import Decision, decide
from adc.core.events import Event
from adc.core.evolve import fold
from adc.core.outcome import Failure, Success
from adc.core.refusals import Refusal


def given(*events: Event) -> "Given":
    """The history so far; nothing: the job is absent."""
    return Given(events)


@final
class Given:
    """A history."""

    def __init__(self, events: tuple[Event, ...]) -> None:
        self._events = events

    def when(self, command: Command, /) -> "When":
        """What is asked."""
        return When(decide(command, fold(self._events)), (*self._events,))


@final
class When:
    """A history, and what was decided."""

    def __init__(self, decision: Decision, before: tuple[Event, ...]) -> None:
        self._decision = decision
        self._before = before

    def then(self, *events: Event) -> None:
        """These follow, and no others, and the history can be folded; none: it was already so."""
        match self._decision:
            case Success(happened):
                assert happened == events, f"expected {_listed(events)}, but these followed: {_listed(happened)}"
                fold((*self._before, *happened))
            case Failure(refusal):
                raise AssertionError(f"expected {_listed(events)}, but it was refused: {refusal}")

    def then_refused(self, refusal: Refusal, /) -> None:
        """It is refused, with this."""
        match self._decision:
            case Success(happened):
                raise AssertionError(f"expected a refusal, {refusal}, but these followed: {_listed(happened)}")
            case Failure(answered):
                assert answered == refusal, f"expected the refusal {refusal}, but it was {answered}"


def _listed(events: tuple[Event, ...]) -> str:
    return ", ".join(map(str, events)) or "no events"
