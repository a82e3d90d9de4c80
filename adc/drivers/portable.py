"""Portable: which routes can run in child processes: those whose parts can be sent there by name."""

import sys
from typing import Final

from adc.handling.route import AnyRoute, Routes

_ADVICE: Final = (
    "make it a function at the top of a module, or an object whose fields can be pickled (connections and locks can't: "
    "open them in the handler)"
)


def in_processes(routes: Routes) -> Routes:
    """The same routes, all run in child processes."""
    return {address: route.in_process() for address, route in routes.items()}


def check_portable(routes: Routes) -> None:
    """Raise TypeError if a route that runs in a process can't be sent there: before anything is claimed.

    Raise RuntimeError in a child process that is only just importing the program: it would run what the program does.
    """
    sent = [route for route in routes.values() if route.form == "process"]
    if not sent:
        return
    from multiprocessing.process import current_process  # noqa: PLC0415  import adc shall not import it

    if getattr(current_process(), "_inheriting", False):
        raise RuntimeError(
            "a child process imports this program's main module, which starts a runner at once: "
            'write `if __name__ == "__main__":` before it'
        )
    for route in sent:
        _check(route)


def _check(route: AnyRoute) -> None:
    for name, part in route.parts.items():
        problem = _problem_of(part)
        if problem is not None:
            raise TypeError(
                f"kind {route.kind!r} runs in a process of its own, and its {name} {part!r:.200} can't be sent there: "
                f"{problem}; {_ADVICE}"
            )


def _problem_of(part: object) -> str | None:
    from multiprocessing.reduction import ForkingPickler  # noqa: PLC0415

    try:
        sent = bytes(ForkingPickler.dumps(part))
    except Exception as error:  # noqa: BLE001  a user's own code may run here
        return f"{type(error).__name__}: {error}"
    if b"__main__" in sent and not hasattr(sys.modules["__main__"], "__file__"):
        return "it is of a program that has no file, which can't be imported there"
    return None
