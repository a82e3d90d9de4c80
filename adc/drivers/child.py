"""Child: the main program of a process that runs attempts for a runner, one at a time, as the inline driver does.

Its main thread runs handlers; another one listens to the runner, so that a cancellation comes through meanwhile. It
ends by itself as soon as the runner is gone: by then others may run its job.
"""

import os
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from signal import (
    SIG_BLOCK,
    SIG_DFL,
    SIG_SETMASK,
    SIG_UNBLOCK,
    SIGINT,
    SIGKILL,
    SIGTERM,
    default_int_handler,
    getsignal,
    pthread_sigmask,
    signal,
)
from threading import Thread, local
from types import FrameType
from typing import TYPE_CHECKING, Final, Never, assert_never, final

from adc.core.instants import Instant, Span
from adc.drivers.forking import leave_if_forked
from adc.drivers.inline import Inline
from adc.drivers.launched import Launched
from adc.drivers.messages import (
    LINE_LOST,
    ORDERS,
    AskTime,
    Cancelled,
    Interrupted,
    Leave,
    Order,
    Ready,
    Run,
    Time,
    Word,
    packed,
)
from adc.handling.route import AnyRoute
from adc.system import SystemClock

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

HEEDED_SIGNALS: Final = (SIGINT, SIGTERM)
"""Those that ask a runner to stop. It tells its children what to do: the signal itself does nothing to them."""

SECONDS_BETWEEN_LOOKS: Final = 1.0
"""How often to look whether the runner lives: a fork of it may keep the line open."""


def serve(connection: "Connection[bytes, bytes]", routes: Mapping[tuple[str, int], AnyRoute], runner_pid: int) -> None:
    """All that a child does."""
    os.setpgid(0, 0)  # so that whatever handlers start here can be ended with it
    forks = _Forks()
    os.register_at_fork(before=forks.begin, after_in_parent=forks.end, after_in_child=forks.end_as_usual)
    _ignore_signals()
    pthread_sigmask(SIG_UNBLOCK, HEEDED_SIGNALS)
    line = _Line(connection, runner_pid)
    inline = Inline(routes, line)
    Thread(target=line.listen, args=(inline,), name="adc-line", daemon=True).start()
    line.say(Ready())
    while (launched := line.begun.get()) is not None:
        report = inline.perform(launched)
        del launched
        _ignore_signals()  # a handler may have set its own
        line.say(report.said)
        del report
    inline.close()


@final
class _Line:
    """The line to the runner: the clock of attempts here, since `now` is the runner's time."""

    def __init__(self, connection: "Connection[bytes, bytes]", runner_pid: int) -> None:
        self._connection = connection
        self._identity = _identity(connection)
        self._runner_pid = runner_pid
        self._pid = os.getpid()
        self._times: SimpleQueue[Instant] = SimpleQueue()
        self._latest: Launched | None = None
        self.tick: Callable[[], Span] = SystemClock().tick
        self.begun: SimpleQueue[Launched | None] = SimpleQueue()
        """Attempts for the main thread; None: there won't be more."""

    def now(self) -> Instant:
        """The time by the runner's clock."""
        self.say(AskTime())
        return self._times.get()

    def say(self, word: Word) -> None:
        """Tell the runner. Only for the main thread."""
        leave_if_forked(self._pid)
        try:
            if _identity(self._connection) == self._identity:
                self._connection.send_bytes(packed(word))
                return
        except OSError:
            pass
        os._exit(LINE_LOST)  # or the runner would wait for ever

    def listen(self, inline: Inline) -> None:
        """Heed the runner for as long as there is one."""
        try:
            while True:
                while not self._connection.poll(SECONDS_BETWEEN_LOOKS):
                    if os.getppid() != self._runner_pid:
                        _end_with_all()
                self._heed(ORDERS.decode(self._connection.recv_bytes()), inline)
        except EOFError:
            _end_with_all()
        except BaseException:  # noqa: BLE001  a handler closed the descriptor: whatever it says couldn't be told
            os._exit(LINE_LOST)

    def _heed(self, order: Order, inline: Inline) -> None:
        match order:
            case Run(held=held):
                self._latest = inline.prepare(held)
                self.begun.put(self._latest)
            case Interrupted() if self._latest is not None:
                self._latest.interrupt()
            case Cancelled() if self._latest is not None:
                self._latest.cancel()
            case Interrupted() | Cancelled():
                pass
            case Time(now=now):
                self._times.put(now)
            case Leave():
                self.begun.put(None)
            case _:
                assert_never(order)


def _identity(connection: "Connection[bytes, bytes]") -> tuple[int, int]:
    """What the descriptor is: a handler may close all that it didn't open, and its own file gets the number."""
    found = os.fstat(connection.fileno())
    return (found.st_dev, found.st_ino)


def _end_with_all() -> Never:
    """The runner is gone: end at once, and with it whatever handlers started here."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, SIGKILL)
    os._exit(1)


def _ignore_signals() -> None:
    """By a handler that does nothing: unlike SIG_IGN, programs that are started here don't inherit it."""
    for number in HEEDED_SIGNALS:
        signal(number, _nothing)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """What was asked is the runner's to hear."""


@final
class _Forks(local):
    """What a handler forks can be ended as any process: pools of processes end theirs by SIGTERM.

    A signal that comes at once waits for that: it isn't lost to the handler that does nothing.
    """

    def begin(self) -> None:
        self._before = pthread_sigmask(SIG_BLOCK, HEEDED_SIGNALS)

    def end(self) -> None:
        pthread_sigmask(SIG_SETMASK, self._before)

    def end_as_usual(self) -> None:
        if getsignal(SIGINT) is _nothing:
            signal(SIGINT, default_int_handler)
        if getsignal(SIGTERM) is _nothing:
            signal(SIGTERM, SIG_DFL)
        self.end()
