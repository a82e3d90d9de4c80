"""Signals: the first SIGINT or SIGTERM asks a run to stop, the second one doesn't wait for it."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from signal import SIG_DFL, SIG_IGN, SIGINT, SIGTERM, getsignal, signal
from threading import current_thread, main_thread
from types import FrameType

from adc.handling.route import LeaveNow


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Generator[None, None, None]:
    """While this lasts, signals stop the run; then the handlers from before are back. Only on the main thread."""
    if current_thread() is not main_thread():
        yield
        return
    asked = False

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise LeaveNow("a second signal: attempts that run are left to themselves")
        asked = True
        stop()

    heeded = [number for number in (SIGINT, SIGTERM) if getsignal(number) != SIG_IGN]  # as `trap '' INT` asks
    before = {number: signal(number, on_signal) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal(number, handler or SIG_DFL)  # None, which can't be put back: it wasn't installed by Python
