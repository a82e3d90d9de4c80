"""Serving: a run in a thread of its own, while the task that awaits it and all others of its event loop go on."""

from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from threading import Thread

from adc.drivers.callers_loop import CallersLoop


async def serve(run: Callable[[CallersLoop], None]) -> None:
    """Run in a thread of its own, in this context, until its end; what it raises comes out.

    When the task that awaits this is cancelled, the run is stopped, and waited for; when it is cancelled again, it is
    left to itself.
    """
    import asyncio  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    callers, ended = CallersLoop(loop), loop.create_future()

    def work() -> None:
        error: BaseException | None = None
        try:
            run(callers)
        except BaseException as raised:  # noqa: BLE001  the awaiting task's to raise
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(ended.set_result, error)

    Thread(target=copy_context().run, args=(work,), name="adc-runner", daemon=True).start()
    try:
        await asyncio.wait((ended,))
    except asyncio.CancelledError:
        callers.stop()
        await asyncio.wait((ended,))
        _raise(ended.result())
        raise
    finally:
        callers.stop()
    _raise(ended.result())


def _raise(error: BaseException | None) -> None:
    if error is not None:
        raise error
