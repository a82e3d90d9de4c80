"""Wishes: what the runner's loop wants done, and the answers. Each has a function that yields it and types its answer.

So the loop reads from top to bottom: `turned = yield from turn(reports, limit)`. Time comes in the answers: `at` is the
wall clock, which due times follow; `tick` only goes forward, and time limits follow it. Waits are relative.
"""

from collections.abc import Generator, Mapping
from typing import TypeAlias

from msgspec import Struct
from typing_extensions import TypeVar

from adc.core.ids import Xid
from adc.core.instants import Instant, Span
from adc.core.terms import Token
from adc.handling.job import Held as Held
from adc.handling.said import Report
from adc.running.events import JobUnreadable, RunnerEvent


class Turn(Struct, frozen=True):
    """Store what the reports ask for, and claim up to `limit` jobs, in one transaction: Turned, or NotNow."""

    reports: tuple[Report, ...]
    limit: int
    is_idle: bool = True
    """Whether nothing runs: what must run alone is claimed only then."""


class Watch(Struct, frozen=True):
    """Give a sign of life, look at those of others, and see what became of the jobs that run: Watched, or NotNow."""

    is_idle: bool
    """Whether nothing runs: then there is nothing to see of it."""


class Peek(Struct, frozen=True):
    """Look when the next job is due: NextDue, or NotNow. Before that, say that the runner may rest next."""

    free: int = 0
    """For how many jobs it has room."""
    at_most: Span = Span(0)
    """How long it may rest."""


class Launch(Struct, frozen=True):
    """Let an attempt begin."""

    held: Held


class Interrupt(Struct, frozen=True):
    """Tell all attempts that run that the runner stops."""


class Cancel(Struct, frozen=True):
    """Tell an attempt that its job was cancelled. It is still waited for, and heard."""

    jid: Xid
    token: Token


class Abandon(Struct, frozen=True):
    """Wait no longer for an attempt. It is told so, its place is free, and what it still says isn't heard."""

    jid: Xid
    token: Token


class Wait(Struct, frozen=True):
    """Wait for something to happen, but no longer than this: Woken."""

    at_most: Span


class Tell(Struct, frozen=True):
    """Let whoever listens know."""

    event: RunnerEvent


class Turned(Struct, frozen=True):
    """The reports are stored, and these jobs are claimed."""

    held: tuple[Held, ...]
    at: Instant
    """What was due by then could be claimed."""
    tick: Span
    unreadable: tuple[JobUnreadable, ...] = ()
    """Jobs that were due or reported on, and couldn't be read."""
    alone: bool = False
    """Whether the one that is claimed must run alone."""


class Watched(Struct, frozen=True):
    """What was seen."""

    holding: Mapping[Xid, bool]
    """The jobs that the runner still holds, and whether each was cancelled."""
    tick: Span
    unreadable: tuple[JobUnreadable, ...] = ()
    """Jobs of runners that are gone, which couldn't be read."""
    wal: int = 0
    """How many bytes the -wal has; 0: there is none."""


class NextDue(Struct, frozen=True):
    """When the first waiting job is or was due; None: none waits."""

    due: Instant | None
    at: Instant


class NotNow(Struct, frozen=True):
    """The store was busy for too long, full or out of reach. Nothing was done, and the same may be wished again."""

    problem: str


class Woken(Struct, frozen=True):
    """The wait is over."""

    reports: tuple[Report, ...]
    """Attempts that finished since the last wait."""
    tick: Span
    stopping: bool
    """Whether the runner was asked to stop."""
    hanging: int = 0
    """How many abandoned attempts still hold a thread."""
    called: bool = False
    """Whether something was asked of an attempt that runs: its job was cancelled."""
    due: bool = False
    """Whether it was told that a job is due."""


Wish: TypeAlias = Turn | Watch | Peek | Launch | Interrupt | Cancel | Abandon | Wait | Tell
Answer: TypeAlias = Turned | Watched | NextDue | NotNow | Woken | None

T = TypeVar("T")

Loop: TypeAlias = Generator[Wish, Answer, T]
"""A part of the runner's loop, which comes to a T."""


def turn(reports: tuple[Report, ...], limit: int, *, is_idle: bool) -> Loop[Turned | NotNow]:
    """Store the reports and claim."""
    answer = yield Turn(reports, limit, is_idle)
    assert isinstance(answer, Turned | NotNow)
    return answer


def watch(*, is_idle: bool) -> Loop[Watched | NotNow]:
    """Give a sign of life, and see what became of others and of the jobs that run."""
    answer = yield Watch(is_idle)
    assert isinstance(answer, Watched | NotNow)
    return answer


def peek(free: int, at_most: Span) -> Loop[NextDue | NotNow]:
    """Look when the next job is due."""
    answer = yield Peek(free, at_most)
    assert isinstance(answer, NextDue | NotNow)
    return answer


def wait(at_most: Span) -> Loop[Woken]:
    """Wait for something to happen."""
    answer = yield Wait(at_most)
    assert isinstance(answer, Woken)
    return answer


def launch(held: Held) -> Loop[None]:
    """Let an attempt begin."""
    yield Launch(held)


def interrupt() -> Loop[None]:
    """Tell all attempts that the runner stops."""
    yield Interrupt()


def cancel(held: Held) -> Loop[None]:
    """Tell an attempt that its job was cancelled."""
    yield Cancel(held.jid, held.state.token)


def abandon(held: Held) -> Loop[None]:
    """Wait no longer for an attempt."""
    yield Abandon(held.jid, held.state.token)


def tell(event: RunnerEvent) -> Loop[None]:
    """Let whoever listens know."""
    yield Tell(event)
