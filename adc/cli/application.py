"""Application: from MODULE:NAME to the router that the user's code gives, for as long as it is needed."""

import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from types import CoroutineType, ModuleType
from typing import Final, TypeVar, cast

from adc.cli.ending import Complaint
from adc.cli.parameters import Read
from adc.router import RunnerRouter

Value = TypeVar("Value")

EXPECTED: Final = "a RunnerRouter, a function that gives one, or a context manager that yields one"


def target_of(text: str) -> tuple[str, str]:
    """Module and name; a ValueError for a text that isn't MODULE:NAME.

    >>> target_of("shop.jobs:router")
    ('shop.jobs', 'router')
    """
    module, _, name = text.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
        raise ValueError(f"expected MODULE:NAME, such as shop.jobs:router, got {text!r}")
    return module, name


@contextmanager
def router_of(target: tuple[str, str]) -> Generator[RunnerRouter, None, None]:
    """The router, inside the context that comes with it; a Complaint when there is none to be had."""
    found = named(target, EXPECTED)
    with ExitStack() as services:
        yield _router(found, ":".join(target), services)


def named(target: tuple[str, str], expected: str) -> object:
    """What a module has under a name; a Complaint if there is none, which says what was expected."""
    module, name = target
    imported = _imported(module)
    try:
        found: object = attrgetter(name)(imported)
    except AttributeError as error:
        raise Complaint(f"module {module} has no {name}: expected {module}:{name} to be {expected}") from error
    return found


def _router(found: object, said: str, services: ExitStack) -> RunnerRouter:
    given = found
    if not isinstance(given, RunnerRouter | AbstractContextManager) and callable(given):
        given = _asked(said, given)
    if isinstance(given, AbstractContextManager):
        context = cast("AbstractContextManager[object]", given)
        given = _asked(f"entering {said}", partial(services.enter_context, context))
    if isinstance(given, CoroutineType):
        given.close()
        raise Complaint(f"{said} is an async function: expected {EXPECTED}")
    if not isinstance(given, RunnerRouter):
        raise Complaint(f"{said} gives a {type(given).__name__}: expected {EXPECTED}")
    return given


def _imported(module: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return _asked(f"importing {module}", lambda: import_module(module))
    except Complaint as complaint:
        missing = complaint.__cause__
        if isinstance(missing, ModuleNotFoundError) and f"{module}.".startswith(f"{missing.name}."):
            raise Complaint(f"there is no module {missing.name}, neither in {here} nor installed") from missing
        raise


def _asked(what: str, call: Callable[[], Value]) -> Value:
    """What the user's code gives; whatever it raises is a Complaint."""
    try:
        return call()
    except (Exception, SystemExit) as error:
        raise Complaint(f"{what} raised {type(error).__name__}: {error} (adc --debug shows where)") from error


TARGET: Final = Read("MODULE:NAME", target_of)
