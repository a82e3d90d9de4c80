"""What a workload needs of a queue, whichever it is: one small adapter a system, with that system's own calls."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

PAYLOAD: Final = "x" * 100

Durability: TypeAlias = Literal["full", "normal"]
"""Of each commit, by SQLite's `synchronous`. As adc has it; but nothing of adc is imported here: a peer's process holds
nothing but that peer."""

Handle: TypeAlias = Callable[[str], object]
"""A handler: it is given the payload."""


class Opened(Protocol):
    """A queue that this process opened."""

    def put(self, payload: str, /) -> None:
        """Store one job; as durable as was asked when it returns."""
        ...

    def put_many(self, payloads: Sequence[str], /) -> None:
        """Store jobs, in one transaction if the system can."""
        ...

    def run_one(self, handle: Handle, /) -> bool:
        """Claim a job, run it and complete it, on this thread; False: there is none."""
        ...

    def drain(self, handle: Handle, /) -> None:
        """Run all jobs, as the system's own runner does."""
        ...

    def serve(self, handle: Handle, /) -> None:
        """Run what comes, by the system's own runner, until the process is killed."""
        ...

    def close(self) -> None: ...


class OneByOne:
    """What follows for a system that has no more to offer."""

    def put(self, payload: str, /) -> None:
        raise NotImplementedError

    def put_many(self, payloads: Sequence[str], /) -> None:
        for payload in payloads:
            self.put(payload)

    def run_one(self, handle: Handle, /) -> bool:
        raise NotImplementedError

    def drain(self, handle: Handle, /) -> None:
        while self.run_one(handle):
            pass

    def serve(self, handle: Handle, /) -> None:
        raise NotImplementedError


class System(NamedTuple):
    """A queue that can be opened, and what it can do."""

    name: str
    open: Callable[[Path, Durability], Opened]
    """Makes or opens the queue in a folder."""
    version: str
    remark: str = ""
    """What must be known to judge its figures."""
    is_peer: bool = True
    is_shared: bool = True
    """Whether threads may share one that is open; else each opens its own."""
    has_bulk: bool = False
    serves: bool = False
    """Whether it has a runner that waits for jobs of other processes."""


def nothing(payload: str) -> None:
    """A job that costs nothing, so that all of its cost is the system's."""
