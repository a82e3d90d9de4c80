"""Claimed: one job taken by hand, for programs that bring their own loop instead of a runner."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import product
from threading import Lock
from typing import Final, Generic, final

from msgspec.structs import replace
from typing_extensions import override

from adc import system
from adc.claiming import Desk, NotEnrolled, asked, claim, held, passing_over
from adc.codec.events import UnreadableEvent
from adc.codec.payload import encode_within
from adc.core.ids import RunnerId
from adc.core.instants import Instant, delay_of
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import LeaseLost, NotFound
from adc.core.terms import Token
from adc.handling.job import Held, Job, job_of, read_payload
from adc.handling.notdone import NotDone, PayloadUnreadable, ResultRefused
from adc.handling.said import Dozed, Finished, GivenBack, Report, Said, said_of
from adc.kind import JobKind, P, R
from adc.ports.clock import Clock, Dice
from adc.ports.store import Store, Wanted
from adc.ports.trouble import OutcomeUnknown
from adc.refused import report_refused
from adc.rescuing import Watcher
from adc.shell import carry_out


@final
class Claimed(Generic[P, R]):
    """A job that this process holds, until it says what came of it.

    LeaseLost means that the report changed nothing, because the attempt no longer holds the job: so is a second report
    answered, except that completing again what this attempt completed is a Success, and keeps the first result.
    """

    def __init__(self, desk: Desk, kind: JobKind[P, R], job: Job[P], token: Token) -> None:
        self.job: Final = job
        self._desk = desk
        self._kind = kind
        self._token = token

    @override
    def __repr__(self) -> str:
        return f"Claimed({self.job!r})"

    def complete(self, result: R, /) -> Outcome[None, LeaseLost]:
        """The job is done, with this result; raises ResultRefused for one that can't be stored: the job stays held."""
        match encode_within(self._kind.result_codec, result, self._kind.result_limit):
            case Success(encoded):
                return self._report(Finished(encoded))
            case Failure(malformed):
                raise ResultRefused(malformed.path, malformed.problem)

    def fail(self, why: NotDone, /) -> Outcome[None, LeaseLost]:
        """The attempt failed: it is retried as its policy says, or is a dead letter. A Snooze is a snooze."""
        return self._report(said_of(why))

    def snooze(self, delay: timedelta, /) -> Outcome[None, LeaseLost]:
        """Run it again later; it counts as no failure. A negative delay is a ValueError."""
        return self._report(Dozed(delay_of("delay", delay)))

    def _report(self, said: Said) -> Outcome[None, LeaseLost]:
        return report_on(self._desk, Report(self.job.jid, self._token, said))


@final
class Poller:
    """Who polls a queue by hand: a runner as others are, on the roll, but without a loop, and so without beats."""

    def __init__(self, store: Store, clock: Clock, dice: Dice, runner: RunnerId) -> None:
        self._desk = Desk(store, clock, dice, runner, Wanted((), ()), driver="poll")
        self._watcher = Watcher(self._desk, system.place().boot_id)
        self._enrolled: set[tuple[str, tuple[str, int]]] = set()
        """What the roll says that it polls: queues, and kinds by name and payload version."""
        self._doubtful: list[Report] = []
        """What gives back jobs that may have been claimed, in commits of unknown outcome."""
        self._one_claim = Lock()
        """Two threads have one name in the store: what one gives back must not be what the other just claimed."""

    def next(self, kind: JobKind[P, R], queue: str, at: Instant | None) -> Claimed[P, R] | None:
        """The next job of this kind that is due by then (None: by now); None: there is none, and nothing is written."""
        self._watcher.look()
        due_by = self._desk.clock.now() if at is None else at
        desk = replace(self._desk, wanted=Wanted((queue,), kind.addresses))
        while (taken := self._take(desk, due_by)) is not None:
            token = taken.state.token
            try:
                payload = read_payload(kind.decoder(taken.state.terms.payload_version), taken)
            except PayloadUnreadable as unreadable:
                report_on(desk, Report(taken.jid, token, said_of(unreadable)))
            else:
                return Claimed(desk, kind, job_of(taken, payload), token)
        return None

    def _take(self, desk: Desk, due_by: Instant) -> Held | None:
        """A look first: an idle poll never takes the write lock."""
        with self._one_claim:
            self._give_back_doubtful()
            due = desk.store.next_due(desk.wanted)
            if due is None or due > due_by:
                return None
            if not self._enrolled.issuperset(_polled(desk.wanted)):
                self._enrol(desk.wanted)
            try:
                return self._claim_one(desk, due_by)
            except NotEnrolled:  # others took it for gone
                self._enrol(desk.wanted)
                return self._claim_one(desk, due_by)

    def _claim_one(self, desk: Desk, due_by: Instant) -> Held | None:
        """One job; raises why the first can't be read where there are no others."""
        taken, unreadable = passing_over(lambda: self._claimed(desk, due_by))
        if not taken and unreadable:
            raise unreadable[0]
        return taken[0] if taken else None

    def _claimed(self, desk: Desk, due_by: Instant) -> tuple[Sequence[Held], Sequence[UnreadableEvent]]:
        taken: tuple[Held, ...] = ()
        try:
            with desk.store.writing() as writing:
                claims = claim(desk, writing, at=desk.clock.now(), due_by=due_by, limit=1)
                taken = held(writing, claims.taken)
        except OutcomeUnknown:
            self._doubtful += [Report(each.jid, each.state.token, GivenBack("outcome unknown")) for each in taken]
            raise
        return taken, claims.unreadable

    def _give_back_doubtful(self) -> None:
        """Its caller never learned of these jobs. If they weren't claimed after all, nothing happens to them."""
        while self._doubtful:
            report_on(self._desk, self._doubtful[0])
            del self._doubtful[0]

    def _enrol(self, wanted: Wanted) -> None:
        self._enrolled.update(_polled(wanted))
        queues = dict.fromkeys(queue for queue, _ in sorted(self._enrolled))
        kinds = dict.fromkeys(kind for _, kind in sorted(self._enrolled))
        replace(self._desk, wanted=Wanted(tuple(queues), tuple(kinds))).enrol()


def _polled(wanted: Wanted) -> Iterator[tuple[str, tuple[str, int]]]:
    return product(wanted.queues, wanted.kinds)


def report_on(desk: Desk, report: Report) -> Outcome[None, LeaseLost]:
    """Store what an attempt said, in a transaction of its own."""
    with desk.store.writing() as writing:
        (outcome,) = carry_out(writing, (asked(desk, report, desk.clock.now()),))
    match outcome:
        case Success():
            return Success(None)
        case Failure(NotFound(jid)):  # it was over long ago, and was pruned since
            return Failure(LeaseLost(jid, report.token.attempt))
        case Failure(refusal):
            return Failure(report_refused(refusal))
