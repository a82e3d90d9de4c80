"""Launched: one attempt that runs in this process, what it can be told meanwhile, and what it says.

Whoever drives runs it: a worker thread, an event loop, the calling thread, or a child process, where it is the same.
"""

from collections.abc import Awaitable
from contextlib import suppress
from typing import TYPE_CHECKING, final

from adc.core.outcome import Failure, Outcome
from adc.drivers.cancellation import Cancellation
from adc.drivers.coroutines import perform_here, settle
from adc.drivers.forking import leave_if_forked
from adc.handling.forms import Form
from adc.handling.job import Held
from adc.handling.route import CANCELLED_ERROR, AnyRoute, Attempt
from adc.handling.said import Failed, GivenBack, Report, Said
from adc.ports.clock import Clock

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task


@final
class Launched:
    """All but `heed`, `report` and the coroutines may be called from any thread."""

    __slots__ = ("_due", "_loop", "_pid", "_task", "attempt", "cancellation", "form", "held")

    def __init__(self, held: Held, route: AnyRoute, pid: int) -> None:
        self.held: Held = held
        self.form: Form = route.form
        self.cancellation: Cancellation = Cancellation()
        self.attempt: Attempt = route.attempt(held, self.cancellation)
        self._pid = pid
        """That of who launched it: a handler may fork a copy."""
        self._due = False
        """Whether it is still to be thrown a CancelledError: by its task, or at its next effect, whichever is first."""
        self._loop: AbstractEventLoop | None = None
        """Where the attempt, or what it awaits, is a task just now."""
        self._task: Task[object] | None = None

    def interrupt(self) -> None:
        """The runner stops: only its token says so."""
        self.cancellation.cancel("shutdown")

    def cancel(self) -> None:
        """Its job was cancelled."""
        self._end("cancelled")

    def abandon(self) -> None:
        """Nobody waits for it any more."""
        self._end("abandoned")

    def stay_one(self) -> None:
        """A copy of this process that its handler forked goes no further."""
        leave_if_forked(self._pid)

    def heed(self) -> None:
        """Between two effects: raise the CancelledError that is due, once; and a forked copy goes no further."""
        leave_if_forked(self._pid)
        if self._due:
            self._due = False
            from asyncio import CancelledError  # noqa: PLC0415  import adc shall not import it

            raise CancelledError

    def report(self, said: Said) -> Report:
        """What it said, with its right to say it. One process says it, whatever the handler forked."""
        leave_if_forked(self._pid)
        return Report(self.held.jid, self.held.state.token, said)

    async def as_task(self, clock: Clock) -> Report:
        """All of it, inside the event loop that awaits this."""
        self._listen()
        said = await perform_here(self.attempt, clock, self.heed)
        self._loop = None
        return self.report(GivenBack("shutdown") if self._ends_with_its_loop(said) else said)

    async def settled(self, awaitable: Awaitable[object], clock: Clock) -> Outcome[object, BaseException]:
        """What it awaits, inside the event loop that awaits this."""
        self._listen()
        try:
            outcome = await settle(awaitable, clock, self.heed)
        except GeneratorExit as error:  # out of a task of the handler's own: it closes all coroutines but the outermost
            outcome = Failure(error)
        self._loop = None
        return outcome

    def _ends_with_its_loop(self, said: Said) -> bool:
        """Whether somebody else cancelled the task, as asyncio.run does with all that are left at its end."""
        if not isinstance(said, Failed) or CANCELLED_ERROR not in said.fault.names:
            return False
        from asyncio import current_task  # noqa: PLC0415

        task = current_task()
        return task is not None and task.cancelling() > 0

    def _end(self, why: str) -> None:
        self.cancellation.cancel(why)
        self._due = True
        loop = self._loop  # whoever sets it looks for what is due afterwards: nothing falls between
        if loop is not None:
            with suppress(RuntimeError):  # it was closed meanwhile
                loop.call_soon_threadsafe(self._deliver)

    def _listen(self) -> None:
        """From here on it is this task that is thrown what is due, and what was due already."""
        import asyncio  # noqa: PLC0415

        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self._deliver()

    def _deliver(self) -> None:
        """On the event loop: to the task, if it hasn't ended."""
        if self._due and self._loop is not None and self._task is not None:
            self._due = False
            self._task.cancel()
