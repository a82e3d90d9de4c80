"""Children: one spawned process as its runner sees it: start it, tell it, hear it, end it.

multiprocessing starts it and carries the routes there, once. From then on only our own messages pass.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from select import POLLIN, poll
from signal import SIG_BLOCK, SIG_SETMASK, SIGKILL, Signals, pthread_sigmask
from threading import Lock
from typing import TYPE_CHECKING, Final, final

from adc.drivers.child import HEEDED_SIGNALS, serve
from adc.drivers.messages import WORDS, Order, Word, packed
from adc.handling.route import AnyRoute

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

GRACE_MILLISECONDS: Final = 1_000
"""How long a child may take to end that was told to, or that has hung up."""

_REAPING_SECONDS: Final = 5.0
"""A process that was killed is gone by then, unless the kernel itself holds it."""

_one_at_a_time: Final = Lock()
"""multiprocessing has a list of its processes, and no lock for it."""


def start_child(routes: Mapping[tuple[str, int], AnyRoute]) -> "Child":
    """A new process, which isn't ready yet."""
    from multiprocessing import get_context  # noqa: PLC0415  import adc shall not import it
    from multiprocessing.resource_tracker import ensure_running  # noqa: PLC0415

    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, routes, os.getpid()), name="adc-child", daemon=False)
    try:
        with _one_at_a_time:
            ensure_running()  # or it is started below, which lets the signals through
            before = pthread_sigmask(SIG_BLOCK, HEEDED_SIGNALS)  # until the child can ignore them
            try:
                process.start()
            finally:
                pthread_sigmask(SIG_SETMASK, before)
        return Child(process, ours)
    finally:
        theirs.close()


def told_of(exit_code: int | None) -> str:
    """How a process ended, for people."""
    if exit_code is None:
        return "an exit code that somebody else was told"
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"signal {Signals(-exit_code).name}"
    except ValueError:
        return f"signal {-exit_code}"


@final
class Child:
    """One thread at a time has it: speaks, listens and ends it. Any may `kill` it, and `wake` whoever listens."""

    def __init__(self, process: "SpawnProcess", connection: "Connection[bytes, bytes]") -> None:
        self.ready = False
        """Whether it has said that it is."""
        self._process = process
        self._pid = process.ident or 0
        self._connection = connection
        self._bell, self._rope = os.pipe()
        os.set_blocking(self._rope, False)
        # The process itself, not its end of the line: what a handler forked may keep that open.
        self._exit = os.pidfd_open(self._pid) if sys.platform == "linux" else os.dup(process.sentinel)
        self._poll = poll()
        for descriptor in (connection.fileno(), self._bell, self._exit):
            self._poll.register(descriptor, POLLIN)
        self._ending = Lock()
        self._over = False

    def tell(self, order: Order) -> None:
        """Send it something. If it is gone, `hear` says so."""
        with suppress(OSError):
            self._connection.send_bytes(packed(order))

    def hear(self) -> Word | None:
        """What it says next, when it does; None: somebody rang. Raises EOFError when it won't say anything more."""
        ready = {descriptor for descriptor, _ in self._poll.poll()}
        if self._connection.fileno() in ready:  # first of all: it may have spoken before it ended
            try:
                return WORDS.decode(self._connection.recv_bytes())
            except OSError as error:
                raise EOFError from error
        if self._bell in ready:
            os.read(self._bell, 4_096)
            return None
        raise EOFError

    @property
    def lives(self) -> bool:
        """Whether it can be told anything; asked of one that has nothing to say."""
        return {descriptor for descriptor, _ in self._poll.poll(0)} <= {self._bell}

    def wake(self) -> None:
        """Have whoever listens come out."""
        with suppress(BlockingIOError):  # it has been rung often enough
            os.write(self._rope, b".")

    def kill(self) -> None:
        """End it at once, with all that its handlers started."""
        with self._ending:
            if not self._over:
                self._kill()

    def end(self, at_most: int = GRACE_MILLISECONDS) -> int | None:
        """Wait so many milliseconds for its end, then end it: its exit code, if anybody knows."""
        leaving = poll()
        leaving.register(self._exit, POLLIN)
        leaving.poll(at_most)
        with self._ending, _one_at_a_time:
            self._kill()
            self._over = True
            self._process.join(_REAPING_SECONDS)
            exit_code = self._process.exitcode
        self._connection.close()
        for descriptor in (self._bell, self._rope, self._exit):
            os.close(descriptor)
        return exit_code

    def _kill(self) -> None:
        """A process that is over keeps its number, and that of its group, until somebody asks how it ended."""
        with suppress(OSError):
            if sys.platform == "linux":
                os.waitid(os.P_PIDFD, self._exit, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            os.kill(self._pid, SIGKILL)
            os.killpg(self._pid, SIGKILL)  # not there yet in one that has only just begun
