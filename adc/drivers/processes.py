"""Processes: attempts in spawned child processes: for what computes, and for what may take its process down.

The runner's process keeps database and tokens; a child gets an attempt and says how it ended. A worker thread waits for
it meanwhile. Idle children are used again. One that dies ends its own attempt and no other.
"""

import atexit
from collections import deque
from os import getpid
from threading import Lock
from typing import Final, final

from adc.drivers.children import GRACE_MILLISECONDS, Child, start_child, told_of
from adc.drivers.messages import LINE_LOST, AskTime, Cancelled, Interrupted, Leave, Order, Ready, Run, Time
from adc.handling.forms import Form
from adc.handling.job import Held
from adc.handling.route import Routes
from adc.handling.said import Crashed, GivenBack, Report, Said, said_of
from adc.ports.clock import Clock


@final
class Sent:
    """One attempt that runs in a child, and what it can be told meanwhile, from any thread."""

    form: Final[Form] = "process"

    def __init__(self, held: Held) -> None:
        self.held = held
        self._orders: deque[Order] = deque()
        self._lock = Lock()
        self._child: Child | None = None
        """Whose it is, as long as it is its: nobody rings or kills one that has another attempt."""
        self._abandoned = False

    def interrupt(self) -> None:
        """The runner stops: only its token says so."""
        self._tell(Interrupted())

    def cancel(self) -> None:
        """Its job was cancelled."""
        self._tell(Cancelled())

    def abandon(self) -> None:
        """Nobody waits for it any more."""
        with self._lock:
            self._abandoned = True
            if self._child is not None:
                self._child.kill()

    def give_to(self, child: Child) -> bool:
        """Let a child have it, unless it was abandoned meanwhile: whether it has."""
        with self._lock:
            if not self._abandoned:
                self._child = child
            return not self._abandoned

    def take_back(self) -> None:
        """The child has it no longer."""
        with self._lock:
            self._child = None

    def pass_on(self, child: Child) -> None:
        """Tell the child what there is to tell."""
        while self._orders:
            child.tell(self._orders.popleft())

    def report(self, said: Said) -> Report:
        """What it said, with its right to say it."""
        return Report(self.held.jid, self.held.state.token, said)

    def _tell(self, order: Order) -> None:
        """The thread that has the child says it: this one must never wait for a child."""
        self._orders.append(order)
        with self._lock:
            if self._child is not None:
                self._child.wake()


@final
class Children:
    """All children of a runner: each takes the attempts of any kind that runs in a process."""

    def __init__(self, routes: Routes, clock: Clock) -> None:
        self._routes = {address: route for address, route in routes.items() if route.form == "process"}
        self._clock = clock
        self._lock = Lock()
        self._all: set[Child] = set()
        self._idle: list[Child] = []
        self._closed = False
        self._pid = getpid()

    def perform(self, sent: Sent) -> Report:
        """Have a child run it, and wait for its end."""
        try:
            return sent.report(self._said(sent))
        except BaseException as error:  # noqa: BLE001  no process could be started, or no memory: somebody waits for it
            return sent.report(said_of(error))

    def close(self) -> None:
        """Tell the idle ones to end, and end those that don't. The others were killed, each with its attempt."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.tell(Leave())
        for child in idle:
            self._bury(child, GRACE_MILLISECONDS // len(idle))
        atexit.unregister(self._kill_all)

    def _said(self, sent: Sent) -> Said:
        child = self._take()
        if not sent.give_to(child):
            self._put_back(child)
            return GivenBack("abandoned")
        try:
            said = self._served(child, sent)
        except EOFError:
            sent.take_back()
            return _said_for(child, self._bury(child))
        except BaseException:
            sent.take_back()
            self._bury(child, 0)
            raise
        sent.take_back()
        self._put_back(child)
        return said

    def _served(self, child: Child, sent: Sent) -> Said:
        child.tell(Run(sent.held))
        while True:
            sent.pass_on(child)
            match child.hear():
                case None:
                    pass
                case Ready():
                    child.ready = True
                case AskTime():
                    child.tell(Time(self._clock.now()))
                case said:
                    return said

    def _take(self) -> Child:
        """An idle child that lives, or a new one."""
        while True:
            with self._lock:
                if self._closed:
                    raise RuntimeError("the runner has ended, and its processes with it")
                child = self._idle.pop() if self._idle else None
            if child is None:
                return self._started()
            if child.lives:
                return child
            self._bury(child)

    def _started(self) -> Child:
        child = start_child(self._routes)
        with self._lock:
            if not self._all:
                atexit.register(self._kill_all)  # before multiprocessing waits for them, which it does at exit
            self._all.add(child)
        return child

    def _put_back(self, child: Child) -> None:
        with self._lock:
            closed = self._closed
            if not closed:
                self._idle.append(child)
        if closed:
            self._bury(child, 0)

    def _bury(self, child: Child, at_most: int = GRACE_MILLISECONDS) -> int | None:
        with self._lock:
            self._all.discard(child)
        return child.end(at_most)

    def _kill_all(self) -> None:
        if getpid() != self._pid:  # a fork of the runner comes to its end: they aren't its children
            return
        with self._lock:
            self._closed = True
            everyone = tuple(self._all)
        for child in everyone:
            child.kill()


def _said_for(child: Child, exit_code: int | None) -> Said:
    """What is said for a child that hung up. Only if it was ready can its death be the attempt's doing."""
    if not child.ready:
        told = f"its process ended before it could begin, with {told_of(exit_code)}: its standard error says why"
        return said_of(RuntimeError(told))
    if exit_code == LINE_LOST:
        return said_of(RuntimeError("the handler closed the descriptor by which its process reports"))
    return Crashed(told_of(exit_code))
