"""The runner as one generator: it yields what it wants done, never waits and reads no clock. Drivers do what it wishes.

Each turn stores all that finished and claims for all free places at once, in one transaction. Nothing is claimed ahead:
what is Started runs. When nothing is due, the store is only read.
"""

from typing import Final, Literal, TypeAlias, assert_never

from msgspec import Struct

from adc.core.ids import RunnerId
from adc.core.instants import Span
from adc.handling.job import Held
from adc.handling.said import GivenBack, timed_out
from adc.running.attempts import Attempts
from adc.running.events import AttemptAbandoned, RunnerStarted, RunnerStopped, RunnerStopping, StoreTroubled
from adc.running.wishes import Loop, NextDue, NotNow, Woken, abandon, interrupt, launch, peek, tell, turn, wait

Until: TypeAlias = Literal["stopped", "idle", "empty"]
"""When a run ends by itself: never; when nothing is due and none of its own runs; when nothing waits and none runs."""

AT_ONCE: Final = Span(0)


class Plan(Struct, frozen=True):
    """How a runner runs."""

    runner: RunnerId
    concurrency: int
    """How many attempts run at once."""
    poll_interval: Span
    """The longest rest: other processes may schedule meanwhile."""
    until: Until
    shutdown_timeout: Span
    """How long attempts may still run after the runner was asked to stop."""


def run(plan: Plan) -> Loop[None]:
    """From the start of a runner to its end."""
    attempts = Attempts()
    yield from tell(RunnerStarted(plan.runner))
    woken = yield from wait(AT_ONCE)  # it may have been asked to stop already
    while not woken.stopping:
        rest = yield from _work(plan, attempts)
        if rest is None:
            break
        woken = yield from _rest(attempts, woken.tick, rest)
    else:
        yield from _wind_up(plan, attempts, woken.tick)
    yield from tell(RunnerStopped(plan.runner))


def _work(plan: Plan, attempts: Attempts) -> Loop[Span | None]:
    """Store what finished and fill the free places: how long to rest then, or None when the run is at its end."""
    free = plan.concurrency - len(attempts)
    if not attempts.finished:
        if not free:
            return plan.poll_interval
        ahead = yield from _peek()
        if isinstance(ahead, NotNow) or not _is_due(ahead):
            return _rest_before(plan, attempts, ahead)
    claimed = yield from _turn(attempts, free)
    if claimed is None or claimed == free:
        return plan.poll_interval
    ahead = yield from _peek()
    if claimed == 0 and isinstance(ahead, NextDue) and _is_due(ahead):
        # What the store didn't give isn't there for this runner: another took it, or it is damaged. Don't spin on it.
        ahead = ...
    return _rest_before(plan, attempts, ahead)
