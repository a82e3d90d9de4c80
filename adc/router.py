"""RunnerRouter: which handler runs the jobs of which kind; whatever goes in is checked against the kind's types."""

from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from typing import Generic, TypeAlias, final, overload

from returns.result import Result
from typing_extensions import TypeVar

from adc.core.outcome import Outcome
from adc.handling.effects import Effect, Steps
from adc.handling.forms import form_of
from adc.handling.job import Job
from adc.handling.notdone import NotDone
from adc.handling.route import AnyRoute, Route
from adc.kind import AnyJobKind, JobKind, P, R

T = TypeVar("T")

Reply: TypeAlias = T | Result[T, NotDone]
"""What a handler gives: its result, bare or in a Success, or a NotDone in a Failure."""

JobHandler: TypeAlias = Callable[[Job[P]], Reply[R] | Awaitable[Reply[R]] | Generator[Effect, object, Reply[R]]]
"""A function, method, partial or object with `__call__`: plain, `async def`, or a generator that yields steps."""

_Address: TypeAlias = tuple[str, int]  # a kind's name and version


class HandlerTaken(ValueError):
    """The kind, in this version, has a handler already. Nothing was added."""

    def __init__(self, kind: AnyJobKind) -> None:
        super().__init__(f"kind {kind.name!r} in version {kind.version} has a handler already")
        self.kind = kind


@final
class RunnerRouter:
    """The handlers of a runner, by kind and version."""

    def __init__(self) -> None:
        self._handled: dict[_Address, tuple[AnyJobKind, AnyRoute]] = {}

    def handles(self, kind: JobKind[P, R]) -> "Handles[P, R]":
        """A decorator that adds a handler and returns it unchanged: `@router.handles(INVOICE)`."""
        return Handles(self, kind)

    def add_job_handler(self, kind: JobKind[P, R], handler: JobHandler[P, R]) -> None:
        """Run the jobs of a kind with this handler; raises HandlerTaken, or TypeError for what can't be one."""
        route = Route(
            kind.name,
            kind.version,
            kind.payload_codec,
            kind.result_codec,
            kind.result_limit,
            handler,
            form_of(handler),
        )
        self._add(kind, route)

    def include(self, other: "RunnerRouter") -> None:
        """Add all handlers of another router, as it is now; raises HandlerTaken."""
        for address, (kind, _) in other._handled.items():
            if address in self._handled:
                raise HandlerTaken(kind)
        self._handled.update(other._handled)

    @property
    def kinds(self) -> tuple[AnyJobKind, ...]:
        """The kinds that have a handler, in the order in which they were added."""
        return tuple(kind for kind, _ in self._handled.values())

    @property
    def routes(self) -> Mapping[_Address, AnyRoute]:
        """What a runner runs, as of now."""
        return {address: route for address, (_, route) in self._handled.items()}

    def _add(self, kind: AnyJobKind, route: AnyRoute) -> None:
        address = (route.kind, route.version)
        if address in self._handled:
            raise HandlerTaken(kind)
        self._handled[address] = (kind, route)


@final
class Handles(Generic[P, R]):
    """The decorator for one kind. One overload a form, the plain one first: so checkers name the type they expect."""

    def __init__(self, router: RunnerRouter, kind: JobKind[P, R]) -> None:
        self._router = router
        self._kind = kind

    @overload
    def __call__(self, handler: Callable[[Job[P]], R], /) -> Callable[[Job[P]], R]: ...
    @overload
    def __call__(
        self, handler: Callable[[Job[P]], Coroutine[object, object, R]], /
    ) -> Callable[[Job[P]], Coroutine[object, object, R]]: ...
    @overload
    def __call__(self, handler: Callable[[Job[P]], Steps[R]], /) -> Callable[[Job[P]], Steps[R]]: ...
    @overload
    def __call__(
        self, handler: Callable[[Job[P]], Outcome[R, NotDone]], /
    ) -> Callable[[Job[P]], Outcome[R, NotDone]]: ...
    @overload
    def __call__(self, handler: JobHandler[P, R], /) -> JobHandler[P, R]: ...
    def __call__(self, handler: JobHandler[P, R], /) -> JobHandler[P, R]:
        """Add the handler."""
        self._router.add_job_handler(self._kind, handler)
        return handler
