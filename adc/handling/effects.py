"""Effects: what a handler, or the attempt around it, asks of whoever drives it."""

from collections.abc import Awaitable, Callable, Generator
from typing import Final, TypeAlias

from msgspec import Struct
from typing_extensions import TypeVar, override

from adc.core.instants import Span

T = TypeVar("T")


class Call(Struct, frozen=True):
    """A step. The answer is what the call gives; if that is an awaitable, what it gives in its turn."""

    name: str
    call: Callable[[], object]

    @override
    def __repr__(self) -> str:
        return f"Call({self.name!r})"  # without its arguments: a message may show it


class Now(Struct, frozen=True):
    """What time it is. The answer is a datetime in UTC."""


class Doze(Struct, frozen=True):
    """Run the job again so much later. There is no answer: the attempt ends here."""

    delay: Span


class Drive(Struct, frozen=True):
    """Run a handler's awaitable to its end, and perform the effects that it yields. The answer is what it gives."""

    awaitable: Awaitable[object]


Performable: TypeAlias = Call | Now | Drive
"""What an attempt asks of its driver: a Doze has ended the attempt before it gets there."""

PERFORMABLE: Final = (Call, Now, Drive)
"""Its members, for isinstance."""

Effect: TypeAlias = Performable | Doze
"""What a handler can ask for. Durable steps, whose answers are stored, will be one more."""

Steps: TypeAlias = Generator[Effect, object, T]
"""What a generator handler returns. Answers are `object`: `x = yield step(...)`, which can't be typed, is refused."""


class Dozing(BaseException):
    """Thrown into a coroutine that asked for a Doze, so that its `finally` blocks run, and may await.

    A generator is closed instead. It is no Exception: `except Exception` in a handler is for failures.
    """

    def __init__(self, delay: Span) -> None:
        super().__init__(delay)
        self.delay = delay
