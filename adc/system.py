"""The system: the only file that reads time and chance, and makes ids."""

import os
import secrets
import socket
from itertools import count
from pathlib import Path
from random import SystemRandom
from time import monotonic_ns, time_ns
from typing import Final

from msgspec import Struct

from adc.core.ids import RunnerId, Xid, encode_xid
from adc.core.instants import Instant, Span

_MICRO: Final = 1_000
_COUNTER_MASK: Final = 0xFFFFFF
_chance: Final = SystemRandom()


class SystemClock:
    """The machine's clocks."""

    def now(self) -> Instant:
        """The wall clock, in UTC."""
        return Instant(time_ns() // _MICRO)

    def tick(self) -> Span:
        """The clock that only goes forward."""
        return Span(monotonic_ns() // _MICRO)


class SystemDice:
    """The system's source of chance."""

    def noise(self) -> float:
        """A number drawn uniformly from [0, 1)."""
        return _chance.random()


class Place(Struct, frozen=True):
    """Where a runner runs."""

    host: str
    pid: int
    boot_id: str
    """Which start of the machine; empty where the system doesn't say."""


class _Xids:
    """Ids of this process: 4 bytes of seconds, 5 of chance, 3 of a counter. A forked child draws its own chance."""

    def __init__(self) -> None:
        self._draw()
        os.register_at_fork(after_in_child=self._draw)

    def _draw(self) -> None:
        self._mark = secrets.token_bytes(5)
        self._count = count(secrets.randbelow(_COUNTER_MASK))

    def __call__(self) -> Xid:
        seconds = time_ns() // 1_000_000_000 & 0xFFFFFFFF
        counted = next(self._count) & _COUNTER_MASK
        return encode_xid(seconds.to_bytes(4) + self._mark + counted.to_bytes(3))


new_xid: Final = _Xids()
"""Draw a job's id."""


def new_runner_id() -> RunnerId:
    """Draw a runner's id."""
    return RunnerId(new_xid())


def new_database_id() -> str:
    """Draw what tells one database from another."""
    return secrets.token_hex(16)


def place() -> Place:
    """Where this process runs."""
    boot_id = Path("/proc/sys/kernel/random/boot_id")
    return Place(socket.gethostname(), os.getpid(), boot_id.read_text().strip() if boot_id.exists() else "")


def caller() -> str:
    """How the log names this process when it schedules jobs or changes them."""
    return f"caller:{os.getpid()}@{socket.gethostname()}"
