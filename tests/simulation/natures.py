"""Natures: the kinds of the simulation, and how the handler of a job behaves, attempt by attempt."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from adc.core.instants import SECOND, Span
from adc.core.retry import fixed
from adc.core.terms import Fault
from adc.handling.said import Crashed, Dozed, Failed, Finished, Said
from adc.kind import JobKind

HALF: Final = timedelta(seconds=0.5)

PLAIN: Final = JobKind("plain", int, result=str, retry=fixed(HALF, max_retries=2))
TIMED: Final = JobKind("timed", int, result=str, retry=fixed(HALF, max_retries=1), timeout=2 * HALF)
ONCE: Final = JobKind("once", int, result=str, max_crashes=2, priority=1, shutdown_timeout=HALF)
"""Never retried."""
BOXED: Final = JobKind("boxed", int, result=str, retry=fixed(HALF, max_retries=1), timeout=24 * HALF, max_crashes=2)
"""Runs in a process of its own."""

KINDS: Final = (PLAIN, TIMED, ONCE, BOXED)
ADDRESSES: Final = tuple((kind.name, kind.version) for kind in KINDS)
QUEUES: Final = ("default", "side")
GRACES: Final[Mapping[tuple[str, int], Span]] = {("once", 1): Span(SECOND // 2)}

CHILD_DIED: Final = "its process exited with 11"
FAULT: Final = Fault(("builtins.ValueError", "builtins.Exception"), "as it is")
MOST_SNOOZES: Final = 2

End: TypeAlias = Said | Literal["hangs", "kills"]
"""What comes of an attempt: what it says; or it never returns; or the process of its runner dies."""


class Nature(Struct, frozen=True):
    """How the handler of one job behaves. Chances are of one attempt."""

    kind: JobKind[int, str]
    kills: float
    """It kills its runner; of a boxed one, its own process."""
    fails: float
    gives_up: float
    """It fails for good."""
    snoozes: float
    hangs: float
    """It never returns: only kinds with a timeout do that."""
    heeds: bool
    """Whether it gives its job back when it is told to end."""
    slow: float
    """The longest that it takes, in seconds."""

    def end(self, random: Random, attempt: int, *, calm: bool, isolated: bool) -> End:
        """What comes of an attempt. When all is calm only those that kill still do harm."""
        roll = random.random()
        if roll < self.kills or (calm and self.kills):
            return Crashed(CHILD_DIED) if isolated or self.kind is BOXED else "kills"
        if calm:
            return finished(attempt)
        roll = random.random()
        for chance, end in (
            (self.fails, Failed(FAULT)),
            (self.gives_up, Failed(FAULT, "permanent")),
            (self.snoozes if attempt <= MOST_SNOOZES else 0.0, Dozed(Span(SECOND // 5))),
        ):
            if roll < chance:
                return end
            roll -= chance
        return "hangs" if roll < self.hangs else finished(attempt)


def finished(attempt: int) -> Finished:
    """The result says which attempt made it."""
    return Finished(b'"%d"' % attempt)


def nature(random: Random, killers: float) -> Nature:
    """That of another job; so many kill."""
    kind = random.choice(KINDS)
    return Nature(
        kind=kind,
        kills=random.choice((1.0, 0.6)) if random.random() < killers else 0.0,
        fails=random.choice((0.0, 0.0, 0.3, 0.7)),
        gives_up=random.choice((0.0, 0.0, 0.2)),
        snoozes=random.choice((0.0, 0.0, 0.3)),
        hangs=random.choice((0.0, 0.5)) if kind.timeout is not None else 0.0,
        heeds=random.random() < 0.5,
        slow=random.choice((0.05, 0.5, 3.0)),
    )
