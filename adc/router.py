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

    def __init__(self, kind: AnyJobKind, name: str, version: int) -> None:
        super().__init__(f"kind {name!r} in version {version} has a handler already")
        self.kind = kind


@final
class RunnerRouter:
    """The handlers of a runner, by kind and version: a kind has its own, those that it upgrades, and its aliases."""

    def __init__(self) -> None:
        self._handled: dict[_Address, tuple[AnyJobKind, AnyRoute]] = {}

    def handles(self, kind: JobKind[P, R], *, process: bool = False) -> "Handles[P, R]":
        """A decorator that adds a handler and returns it unchanged: `@router.handles(INVOICE)`.

        With `process` the handler runs in a process of its own: for what computes for long, and for what may crash.
        """
        return Handles(self, kind, process=process)

    def add_job_handler(self, kind: JobKind[P, R], handler: JobHandler[P, R], *, process: bool = False) -> None:
        """Run the jobs of a kind with this handler; raises HandlerTaken, or TypeError for what can't be one.

        With `process` it runs in a process of its own, and must be a function or object that can be sent there.
        """
        form = form_of(handler)
        added = {
            (name, version): Route(
                name,
                version,
                kind.decoder(version),
                kind.result_codec,
                kind.result_limit,
                handler,
                "process" if process else form,
                kind.shutdown_timeout,
            )
            for name, version in kind.addresses
        }
        self._add({address: (kind, route) for address, route in added.items()})

    def include(self, other: "RunnerRouter") -> None:
        """Add all handlers of another router, as it is now; raises HandlerTaken."""
        self._add(other._handled)

    @property
    def kinds(self) -> tuple[AnyJobKind, ...]:
        """The kinds that have a handler, in the order in which they were added."""
        return tuple(dict.fromkeys(kind for kind, _ in self._handled.values()))

    @property
    def routes(self) -> Mapping[_Address, AnyRoute]:
        """What a runner runs, as of now."""
        return {address: route for address, (_, route) in self._handled.items()}

    def _add(self, handled: Mapping[_Address, tuple[AnyJobKind, AnyRoute]]) -> None:
        """All of them, or none."""
        for (name, version), (kind, _) in handled.items():
            if (name, version) in self._handled:
                raise HandlerTaken(kind, name, version)
        self._handled.update(handled)


@final
class Handles(Generic[P, R]):
    """The decorator for one kind. One overload a form, the plain one first: so checkers name the type they expect."""

    def __init__(self, router: RunnerRouter, kind: JobKind[P, R], *, process: bool) -> None:
        self._router = router
        self._kind = kind
        self._process = process

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
        self._router.add_job_handler(self._kind, handler, process=self._process)
        return handler
