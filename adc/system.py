"""The system: the only file that reads time and chance, and makes ids."""

import os
from functools import cache
from itertools import count
from time import monotonic_ns, time_ns
from typing import Final

from msgspec import Struct

from adc.core.ids import RunnerId, Xid, encode_counted
from adc.core.instants import Instant, Span

_MICRO: Final = 1_000
_BOOT_ID: Final = "/proc/sys/kernel/random/boot_id"
_COUNTER_MASK: Final = 0xFFFFFF
_NOISE_BITS: Final = 48  # a float has 53: so the quotient is exact, and below 1


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
        return int.from_bytes(os.urandom(_NOISE_BITS // 8)) / (1 << _NOISE_BITS)


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
        self._mark = os.urandom(5)
        self._count = count(int.from_bytes(os.urandom(3)))

    def __call__(self) -> Xid:
        seconds = time_ns() // 1_000_000_000 & 0xFFFFFFFF
        counted = next(self._count) & _COUNTER_MASK
        return encode_counted(seconds.to_bytes(4) + self._mark, counted)


new_xid: Final = _Xids()
"""Draw a job's id."""


def new_runner_id() -> RunnerId:
    """Draw a runner's id."""
    return RunnerId(new_xid())


def new_database_id() -> str:
    """Draw what tells one database from another."""
    return os.urandom(16).hex()


def place() -> Place:
    """Where this process runs."""
    return Place(os.uname().nodename, os.getpid(), _boot_id())


def _boot_id() -> str:
    try:
        with open(_BOOT_ID) as file:  # noqa: PTH123  pathlib would cost 4 ms of each import of adc
            return file.read().strip()
    except OSError:
        return ""


def caller() -> str:
    """How the log names this process when it schedules jobs or changes them."""
    return f"caller:{os.getpid()}@{os.uname().nodename}"


@cache
def version() -> str:
    """The version of adc that runs."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  20 ms, which few need

    try:
        return version("aide-de-camp")
    except PackageNotFoundError:  # run from a folder that nobody installed
        return "unknown"
