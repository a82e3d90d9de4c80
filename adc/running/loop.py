"""The runner as one generator: it yields what it wants done, never waits and reads no clock. Drivers do what it wishes.

Each turn stores all that finished and claims for all free places at once, in one transaction. Nothing is claimed ahead:
what is Started runs. The store is only read when nothing is due, as far as the runner was told.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from typing_extensions import override

from adc.core.ids import RunnerId
from adc.core.instants import SECOND, Instant, Span
from adc.handling.job import Held
from adc.handling.said import GivenBack
from adc.running.attempts import Attempts
from adc.running.events import (
    AttemptAbandoned,
    AttemptCancelled,
    JobUnreadable,
    RunnerStarted,
    RunnerStopped,
    RunnerStopping,
    StoreTroubled,
    WalGrowing,
    Why,
)
from adc.running.wishes import Loop, NotNow, Turned, abandon, cancel, interrupt, launch, peek, tell, turn, wait, watch

Until: TypeAlias = Literal["stopped", "idle", "empty"]
"""When a run ends by itself: never; when nothing is due and none of its own runs; when nothing waits and none runs."""

AT_ONCE: Final = Span(0)

USUAL_GRACE: Final = SECOND
"""How long an attempt may still run after the runner was asked to stop, if its kind doesn't say."""


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
    watch_interval: Span
    """How often to give a sign of life, and to look at what others do."""
    most_hanging: int
    """With more abandoned attempts than that which still hold a thread, the runner stops."""
    first_rest: Span
    """The longest first rest, drawn from the poll interval: or runners that started together would poll together."""
    graces: Mapping[tuple[str, int], Span] = {}
    """How long an attempt may still run then, for kinds, by name and payload version, that say it."""
    most_claims: int | None = None
    """So many jobs are claimed in one turn at most; None: for all free places."""

    def grace(self, held: Held) -> Span:
        """How long this attempt may still run after the runner was asked to stop."""
        terms = held.state.terms
        return min(self.graces.get((terms.kind, terms.payload_version), USUAL_GRACE), self.shutdown_timeout)


class ReportsUnstored(Exception):
    """The store couldn't be written until the shutdown timeout was over. What so many finished attempts said is lost.

    Their jobs stay started until another runner finds that this one is gone, and run again.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count

    @override
    def __str__(self) -> str:
        return (
            f"the store couldn't be written until the shutdown timeout was over: what {self.count} finished attempts "
            "said was not stored. Their jobs run again when another runner finds that this one is gone"
        )


class HandlersHang(Exception):
    """Too many handlers didn't return after their attempts were abandoned, each holding a thread; the runner stopped.

    What they ran was failed or given back, and nothing is lost. Threads can't be ended: start the process anew.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count

    @override
    def __str__(self) -> str:
        return (
            f"{self.count} handlers hang: each holds a thread that can't be ended, so the runner stopped. Start the "
            "process anew; run such a kind with process=True, or look for what it waits for"
        )


def run(plan: Plan) -> Loop[None]:
    """From the start of a runner to its end. Raises ReportsUnstored, or HandlersHang."""
    attempts = Attempts()
    yield from tell(RunnerStarted(plan.runner))
    stopping = yield from _rest(plan, attempts, AT_ONCE)  # it may have been asked to stop already
    longest = plan.first_rest
    while not stopping:
        rest = yield from _work(plan, attempts)
        if rest is None:
            break
        stopping = yield from _rest(plan, attempts, min(rest, longest))
        longest = plan.poll_interval
    else:
        yield from _wind_up(plan, attempts)
    yield from tell(RunnerStopped(plan.runner))
    if attempts.hanging > plan.most_hanging:
        raise HandlersHang(attempts.hanging)


def _work(plan: Plan, attempts: Attempts) -> Loop[Span | None]:
    """Store what finished and fill the free places: how long to rest then; None: the run is at its end."""
    free = 0 if attempts.runs_alone else plan.concurrency - len(attempts)
    if not attempts.finished and not (free and attempts.may_claim):
        rest = (yield from _look(plan, attempts, missed=None)) if free else plan.poll_interval
        if rest != AT_ONCE:
            return rest
    limit = free if plan.most_claims is None else min(free, plan.most_claims)
    turned = yield from _turn(attempts, limit)
    if turned is None or turned.alone or len(turned.held) == free:
        return plan.poll_interval
    if len(turned.held) == limit:
        return AT_ONCE
    if not turned.held and attempts.all_over and plan.until == "idle":
        return None
    return (yield from _look(plan, attempts, missed=None if turned.held else turned.at))


def _look(plan: Plan, attempts: Attempts, *, missed: Instant | None) -> Loop[Span | None]:
    """How long to rest until a job is due; None: the run is at its end.

    What was due by `missed`, when nothing could be claimed, can't be had: it is damaged, others are at it, or it must
    run alone.
    """
    ahead = yield from peek(plan.concurrency - len(attempts), plan.poll_interval)
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
    turned = yield from turn(tuple(attempts.finished), limit, is_idle=not len(attempts))
    if isinstance(turned, NotNow):
        yield from tell(StoreTroubled(turned.problem))
        return None
    attempts.finished.clear()
    yield from _tell_unreadable(attempts, turned.unreadable)
    attempts.tick = turned.tick
    for held in turned.held:
        stale = attempts.start(held)
        if stale is not None:  # somebody took the runner for gone, and the job is its again
            yield from _abandon(stale, "lost")
        if turned.alone:
            attempts.keep_alone(held)
        yield from launch(held)
    return turned


def _rest(plan: Plan, attempts: Attempts, at_most: Span) -> Loop[bool]:
    """Wait, and take in what happened meanwhile: whether the runner must stop."""
    if attempts.tick >= attempts.next_watch:
        yield from _watch(plan, attempts)
    rest = attempts.until_due(at_most)
    woken = yield from wait(rest)
    attempts.wake(woken.tick, rest)
    attempts.hanging = woken.hanging
    attempts.may_claim = woken.due
    if woken.called and len(attempts):
        attempts.next_watch = woken.tick
    for report in woken.reports:
        attempts.hear(report)
    for held, said in attempts.overdue():
        attempts.end(held, said)
        yield from _abandon(held, "timeout")
    return woken.stopping or woken.hanging > plan.most_hanging


def _watch(plan: Plan, attempts: Attempts) -> Loop[None]:
    """Show that the runner lives, see what others do, and tell the attempts that it concerns."""
    watched = yield from watch(is_idle=not len(attempts))
    if isinstance(watched, NotNow):
        attempts.next_watch = Span(attempts.tick + plan.watch_interval)
        yield from tell(StoreTroubled(watched.problem))
        return
    attempts.tick = watched.tick
    attempts.next_watch = Span(watched.tick + plan.watch_interval)
    yield from _tell_unreadable(attempts, watched.unreadable)
    if attempts.growth.is_news(watched.wal, watched.tick):
        yield from tell(WalGrowing(watched.wal))
    for held in attempts.lost(watched.holding):
        attempts.drop(held.jid)
        yield from _abandon(held, "lost")
    for held in attempts.cancelled(watched.holding):
        yield from cancel(held)
        yield from tell(AttemptCancelled(held.jid, held.state.terms.kind, held.state.token.attempt))


def _wind_up(plan: Plan, attempts: Attempts) -> Loop[None]:
    """Let the running attempts finish; give back those that don't, so that they run elsewhere at no cost of a retry.

    Raises ReportsUnstored if the store is busy still when the shutdown timeout is over.
    """
    yield from tell(RunnerStopping(plan.runner, len(attempts)))
    yield from interrupt()
    began = attempts.tick
    while True:
        for held in attempts.running():
            if attempts.tick >= began + plan.grace(held):
                attempts.end(held, GivenBack("shutdown"))
                yield from _abandon(held, "shutdown")
        if attempts.finished:
            stored = yield from _turn(attempts, limit=0)
            if stored is None and attempts.tick >= began + plan.shutdown_timeout:
                raise ReportsUnstored(len(attempts.finished))
        if attempts.all_over:
            return
        again = plan.poll_interval if attempts.finished else _until_late(plan, attempts, began)
        yield from _rest(plan, attempts, again)


def _until_late(plan: Plan, attempts: Attempts, began: Span) -> Span:
    """How long the first of the attempts that run may still run."""
    return Span(began + min(map(plan.grace, attempts.running())) - attempts.tick)


def _tell_unreadable(attempts: Attempts, jobs: tuple[JobUnreadable, ...]) -> Loop[None]:
    for job in jobs:
        if job.jid not in attempts.unreadable:
            attempts.unreadable.add(job.jid)
            yield from tell(job)


def _abandon(held: Held, why: Why) -> Loop[None]:
    yield from abandon(held)
    yield from tell(AttemptAbandoned(held.jid, held.state.terms.kind, held.state.token.attempt, why))
