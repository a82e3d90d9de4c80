"""Playing: a handler's steps run with the answers that a test gives: no queue, no thread, no clock."""

from collections.abc import Coroutine, Generator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Generic, TypeAlias, assert_never, final

from msgspec import Struct
from typing_extensions import TypeVar

from adc.core.instants import timedelta_of
from adc.core.outcome import Failure, Outcome, Success
from adc.handling.effects import Call, Doze, Drive, Now, Steps
from adc.handling.notdone import NotDone, Snooze
from adc.testing.fixed import START

T = TypeVar("T")

Answers: TypeAlias = Mapping[str, object]
"""What each step gives, by its name; an exception is raised where the handler waits for it."""

NO_ANSWERS: Final[Answers] = MappingProxyType({})


class NoAnswer(AssertionError):
    """The handler asked for a step that the test has no answer for: add it to the answers."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the handler asked for the step {name!r}, to which the test gives no answer")
        self.name = name


@final
class Played(Struct, Generic[T], frozen=True):
    """What became of a handler that was played."""

    outcome: Outcome[T, NotDone]
    steps: Sequence[str]
    """The names of the steps that it asked for, in order."""

    @property
    def snoozed(self) -> timedelta | None:
        """For how long it snoozed; None: it didn't."""
        match self.outcome:
            case Failure(Snooze(delay)):
                return delay
            case _:
                return None


def play(steps: Steps[T], answers: Answers = NO_ANSWERS, *, at: datetime = START) -> Played[T]:
    """Run a generator handler to its end: `play(invoice(job(Invoice(7, 1))), {"find": "a@b", "deliver": 250})`.

    No step is called: each gets its answer, and one without is a NoAnswer. `at` is what `adc.now()` gives. A NotDone
    that it raises is the outcome, as one that it returns; any other exception comes out, as in a plain call.
    """
    asked: list[str] = []
    try:
        result = _run(steps, answers, at, asked)
    except NotDone as why:
        return Played(Failure(why), asked)
    return Played(Success(result), asked)


def _run(steps: Steps[T], answers: Answers, at: datetime, asked: list[str]) -> T:
    try:
        effect = next(steps)
        while True:
            match effect:
                case Call(name=name):
                    asked.append(name)
                    effect = answer(steps, name, answers)
                case Now():
                    effect = steps.send(at)
                case Doze(delay=delay):
                    steps.close()
                    raise Snooze(timedelta_of(delay))
                case Drive():
                    raise TypeError("a handler can't ask for a Drive")
                case _:
                    assert_never(effect)
    except StopIteration as end:
        result: T = end.value
        return result


def answer(steps: Generator[T, object, object] | Coroutine[T, object, object], name: str, answers: Answers) -> T:
    """Give a step its answer, and get what is asked for next."""
    if name not in answers:
        raise NoAnswer(name)
    given = answers[name]
    return steps.throw(given) if isinstance(given, BaseException) else steps.send(given)
