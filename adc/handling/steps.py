"""Steps: named calls and other effects, typed, driven by `yield from` in a generator or `await` in a coroutine."""

from collections.abc import Awaitable, Callable, Generator, Iterable
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Generic, Never, ParamSpec, cast, final, overload

from typing_extensions import TypeVar, override

from adc.core.instants import delay_of
from adc.handling.effects import Call, Doze, Effect, Now

A = ParamSpec("A")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

LONGEST_NAME: Final = 200
"""In characters. Names of steps will be stored."""

_forgotten: ContextVar[list[str] | None] = ContextVar("_forgotten", default=None)


_NOT_ADCS: Final = "Task got bad yield"
"""How asyncio complains of a step that came up to it."""


class StepMisplaced(RuntimeError):
    """A step was awaited in a task of its own, as inside `asyncio.gather`: await steps in the handler itself."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    @override
    def __str__(self) -> str:
        return f"step {self.name!r} was awaited in a task of its own: await it in the handler itself"


@final
class Step(Generic[T_co]):
    """An effect that waits to be driven. One that is thrown away undriven did nothing, so it fails its attempt."""

    __slots__ = ("_driven", "_effect", "_forgotten", "_name")

    def __init__(self, name: str, effect: Effect) -> None:
        self._name = name
        self._effect = effect
        self._driven = False
        # The attempt that it was made in: it may be thrown away much later, by a garbage collection in another one.
        self._forgotten = _forgotten.get()

    def __iter__(self) -> Generator[Effect, object, T_co]:
        """What `yield from` drives."""
        self._driven = True
        try:
            answer = yield self._effect
        except RuntimeError as error:
            if str(error).startswith(_NOT_ADCS):
                raise StepMisplaced(self._name) from None
            raise
        # The only place where an answer gets its type: step, snooze and now make a Step[T] only from an effect whose
        # answer is a T.
        return cast("T_co", answer)

    __await__ = __iter__

    @override
    def __repr__(self) -> str:
        return f"<step {self._name!r}>"

    def __del__(self) -> None:
        if not self._driven and self._forgotten is not None:
            self._forgotten.append(self._name)


@final
class StepOf(Generic[A, T_co]):
    """A named call that waits for its arguments."""

    __slots__ = ("_call", "_name")

    def __init__(self, name: str, call: Callable[A, object]) -> None:
        self._name = name
        self._call = call

    def __call__(self, *args: A.args, **kwargs: A.kwargs) -> Step[T_co]:
        """The step, which still waits for `yield from` or `await`."""
        return Step(self._name, Call(self._name, partial(self._call, *args, **kwargs)))


@overload
def step(name: str, call: Callable[A, Awaitable[T]], /) -> StepOf[A, T]: ...
@overload
def step(name: str, call: Callable[A, T], /) -> StepOf[A, T]: ...
def step(name: str, call: Callable[A, object], /) -> StepOf[A, object]:
    """Name a call, plain or async: `email = yield from step("find", find_email)(7)`."""
    if not _is_name(name):
        raise ValueError(f"expected a step's name of 1 to {LONGEST_NAME} characters, got {name!r:.220}")
    return StepOf(name, call)


def _is_name(given: object) -> bool:
    """Nothing holds a caller to the type at run time."""
    return isinstance(given, str) and 0 < len(given) <= LONGEST_NAME


def snooze(delay: timedelta) -> Step[Never]:
    """End the attempt here; the job runs again so much later, and it counts as no failure."""
    return Step("snooze", Doze(delay_of("delay", delay)))


def now() -> Step[datetime]:
    """The time by the runner's clock, in UTC: in a test it is what the test says."""
    return Step("now", Now())


def never_driven(steps: Iterable[str]) -> RuntimeError:
    """What is wrong with an attempt that threw steps away undriven."""
    named = ", ".join(map(repr, steps))
    return RuntimeError(f"made and never driven: step {named}; write `yield from` or `await` before it")


def note_forgotten() -> list[str]:
    """From here on, and in this context, the names of steps that are thrown away undriven come into this list."""
    forgotten: list[str] = []
    _forgotten.set(forgotten)
    return forgotten
