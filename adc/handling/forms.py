"""Forms of handlers, told apart once, when a handler is registered."""

import inspect
from functools import partial
from typing import Literal, TypeAlias

Form: TypeAlias = Literal["plain", "async", "process"]
"""Where a handler runs: a plain one, generators included, on a worker's thread; an `async def` on the event loop; any
in a process of its own, when it was registered so."""


def form_of(handler: object) -> Form:
    """The form of a function, method, partial or object with `__call__`; raises TypeError for what can't be a handler.

    A plain function that returns an awaitable is plain: only its awaitable goes to the event loop.
    """
    function = function_of(handler)
    if not callable(handler):
        raise TypeError(f"expected a handler that can be called with a job, got {handler!r:.200}")
    if inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{handler!r:.200} is an async generator, which has no result: "
            "write `async def` with return, or a generator that returns adc.Steps"
        )
    return "async" if inspect.iscoroutinefunction(function) else "plain"


def function_of(handler: object) -> object:
    """What a handler's code is: of a partial what it calls, of an object its `__call__`."""
    while isinstance(handler, partial):
        handler = handler.func
    if inspect.isroutine(handler) or isinstance(handler, type):
        return handler
    return getattr(type(handler), "__call__", handler)  # noqa: B004  the method itself is wanted, not whether there is one
