"""The runner as one generator: it yields what it wants done, never waits and reads no clock. Drivers do what it wishes.

Each turn stores all that finished and claims for all free places at once, in one transaction. Nothing is claimed ahead:
what is Started runs. When nothing is due, the store is only read.
"""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from adc.core.ids import RunnerId
from adc.core.instants import Instant, Span
from adc.handling.job import Held
from adc.handling.said import GivenBack
from adc.running.attempts import Attempts
from adc.running.events import (
    AttemptAbandoned,
    RunnerStarted,
    RunnerStopped,
    RunnerStopping,
    StoreTroubled,
    Why,
)
from adc.running.wishes import Loop, NotNow, Turned, abandon, interrupt, launch, peek, tell, turn, wait

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


class ReportsUnstored(Exception):
    """The store was busy until the shutdown timeout was over. What so many finished attempts said is lost.

    Their jobs stay started.
    """

    def __init__(self, count: int) -> None:
        super().__init__(
            f"the store was busy until the shutdown timeout was over: what {count} finished attempts said was not "
            "stored. Their jobs stay started"
        )
        self.count = count


def run(plan: Plan) -> Loop[None]:
    """From the start of a runner to its end."""
    attempts = Attempts()
    yield from tell(RunnerStarted(plan.runner))
    stopping = yield from _rest(attempts, AT_ONCE)  # it may have been asked to stop already
    while not stopping:
        rest = yield from _work(plan, attempts)
        if rest is None:
            break
        stopping = yield from _rest(attempts, rest)
    else:
        yield from _wind_up(plan, attempts)
    yield from tell(RunnerStopped(plan.runner))


def _work(plan: Plan, attempts: Attempts) -> Loop[Span | None]:
    """Store what finished and fill the free places: how long to rest then; None: the run is at its end."""
    free = plan.concurrency - len(attempts)
    if not attempts.finished:
        rest = (yield from _look(plan, attempts, missed=None)) if free else plan.poll_interval
        if rest != AT_ONCE:
            return rest
    turned = yield from _turn(attempts, free)
    if turned is None or len(turned.held) == free:
        return plan.poll_interval
    if not turned.held and attempts.all_over and plan.until == "idle":
        return None
    return (yield from _look(plan, attempts, missed=None if turned.held else turned.at))


def _look(plan: Plan, attempts: Attempts, *, missed: Instant | None) -> Loop[Span | None]:
    """How long to rest until a job is due; None: the run is at its end.

    What was due by `missed`, when nothing could be claimed, can't be had: it is damaged, or others are at it.
    """
    ahead = yield from peek()
    if isinstance(ahead, NotNow):
        yield from tell(StoreTroubled(ahead.problem))
        return plan.poll_interval
    if ahead.due is None:
        return None if attempts.all_over and plan.until != "stopped" else plan.poll_interval
    if ahead.due <= ahead.at:
        return AT_ONCE if missed is None or ahead.due > missed else plan.poll_interval
    if attempts.all_over and plan.until == "idle":
        return None
    return min(Span(ahead.due - ahead.at), plan.poll_interval)


def _turn(attempts: Attempts, limit: int) -> Loop[Turned | None]:
    """Store what finished and start what could be claimed; None: the store was busy, and all is kept."""
    turned = yield from turn(tuple(attempts.finished), limit)
    if isinstance(turned, NotNow):
        yield from tell(StoreTroubled(turned.problem))
        return None
    attempts.finished.clear()
    for job in turned.unreadable:
        if job.jid not in attempts.unreadable:
            attempts.unreadable.add(job.jid)
            yield from tell(job)
    attempts.tick = turned.tick
    for held in turned.held:
        stale = attempts.start(held)
        if stale is not None:  # somebody took the runner for gone, and the job is its again
            yield from _abandon(stale, "lost")
        yield from launch(held)
    return turned


def _rest(attempts: Attempts, at_most: Span) -> Loop[bool]:
    """Wait, and take in what happened meanwhile: whether the runner was asked to stop."""
    woken = yield from wait(attempts.until_deadline(at_most))
    attempts.tick = woken.tick
    for report in woken.reports:
        attempts.hear(report)
    for held, said in attempts.overdue():
        attempts.end(held, said)
        yield from _abandon(held, "timeout")
    return woken.stopping


def _wind_up(plan: Plan, attempts: Attempts) -> Loop[None]:
    """Let the running attempts finish; give back those that don't, so that they run elsewhere at no cost of a retry.

    Raises ReportsUnstored if the store is busy still when the shutdown timeout is over.
    """
    yield from tell(RunnerStopping(plan.runner, len(attempts)))
    yield from interrupt()
    give_up = attempts.tick + plan.shutdown_timeout
    while True:
        late = attempts.tick >= give_up
        if late:
            for held in attempts.running():
                attempts.end(held, GivenBack("shutdown"))
                yield from _abandon(held, "shutdown")
        if attempts.finished:
            stored = yield from _turn(attempts, limit=0)
            if stored is None and late:
                raise ReportsUnstored(len(attempts.finished))
        if attempts.all_over:
            return
        yield from _rest(attempts, plan.poll_interval if attempts.finished else Span(give_up - attempts.tick))


def _abandon(held: Held, why: Why) -> Loop[None]:
    yield from abandon(held)
    yield from tell(AttemptAbandoned(held.jid, held.state.terms.kind, held.state.token.attempt, why))
