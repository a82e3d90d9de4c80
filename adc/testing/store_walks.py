"""Walks: whatever is asked, in whichever order, the laws hold. A walk is a seed; the same seed asks the same."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from msgspec.structs import replace

from adc.codec.events import body_of
from adc.core.commands import (
    Cancel,
    Claim,
    Complete,
    Erase,
    Expire,
    Fail,
    Redrive,
    Release,
    Reschedule,
    Snooze,
    Verdict,
)
from adc.core.database import DatabaseEvent, Pause, Pruned, Resume
from adc.core.events import PayloadErased
from adc.core.ids import Xid
from adc.core.instants import Instant
from adc.core.outcome import Failure, Success
from adc.core.retry import NEVER, RetryPolicy
from adc.core.states import Cancelling, JobState, Started, over_before
from adc.core.terms import Token
from adc.core.transition import Asked
from adc.ports.store import Store, Writing
from adc.shell import carry_out, change_database
from adc.testing.samples import FAULT, OTHER_RUNNER, RUNNER
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import ACTOR, nth, order

_JOBS: Final = 6
_KEYS: Final = (None, "k", "l")
_PAYLOADS: Final = (b"", b"1", b"[2]")
_RESULT: Final = b'"done"'
_VERDICTS: Final[tuple[Verdict, ...]] = ("transient", "transient", "transient", "permanent", "undecodable")


class _Undone(Exception):
    """Raised in a transaction, to undo it."""


class Walk:
    """One walk over a new, empty store."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._random = Random(seed)  # noqa: S311 - nothing secret: the same walk each time
        self._at = 0
        self._jids = [nth(number) for number in range(1, _JOBS + 1)]
        self._bodies: dict[tuple[Xid, int], bytes] = {}
        self.seen: set[str] = set()
        """Names of the events that happened and of the refusals that were given."""

    def run(self, steps: int) -> None:
        """Ask, and check all laws, so many times."""
        for _ in range(steps):
            self._step()
            check_laws(self._store, self._jids)
            self._check_bodies()

    def _prune(self) -> None:
        """Now and then all that was over at some moment: it isn't part of a transaction."""
        before = Instant(self._random.randint(0, self._at + 1))
        over = {jid for jid, job in self._store.load(self._jids).items() if over_before(job.state, before)}
        count = self._store.prunable(before)
        assert (count.jobs, count.left) == (len(over), 0)
        assert self._store.prune(before, at=Instant(self._at), actor=ACTOR, cause=None) == count
        self._bodies = {place: body for place, body in self._bodies.items() if place[0] not in over}
        if over:
            self.seen.add(Pruned.__name__)

    def _step(self) -> None:
        if self._random.random() < 0.1:
            self._prune()
        states = {jid: job.state for jid, job in self._store.load(self._jids).items()}
        asked = [self._draw(states) for _ in range(self._random.randint(1, 4))]
        kept = self._random.random() < 0.9
        try:
            with self._store.writing() as writing:
                outcomes = carry_out(writing, asked)
                changed = self._change_database(writing)
                if not kept:
                    raise _Undone
        except _Undone:
            return
        self.seen |= {type(event).__name__ for event in changed}
        for outcome in outcomes:
            match outcome:
                case Failure(refusal):
                    self.seen.add(type(refusal).__name__)
                case Success(transition):
                    self.seen |= {type(event).__name__ for event in transition.events}
                    jid, version = transition.before.jid, transition.before.version + 1
                    if transition.events and transition.body is not None:
                        self._bodies[jid, version] = transition.body
                    if any(isinstance(event, PayloadErased) for event in transition.events):
                        self._bodies = {place: body for place, body in self._bodies.items() if place[0] != jid}

    def _change_database(self, writing: Writing) -> tuple[DatabaseEvent, ...]:
        """Now and then: else little would be claimed."""
        if self._random.random() < 0.8:
            return ()
        pause_or_resume = self._random.choice((Pause, Resume, Resume))
        command = pause_or_resume(Instant(self._at), self._random.choice("pq"))
        return change_database(writing, command, actor=ACTOR, cause="request:8").events

    def _check_bodies(self) -> None:
        for jid in self._jids:
            for each in self._store.history(jid):
                expected = self._bodies.get((jid, each.version))
                assert self._store.body(jid, each.version) == expected, (jid, each.version)
        with self._store.writing() as writing:
            payloads = {jid: body for (jid, version), body in self._bodies.items() if version == 1}
            assert writing.payloads(self._jids) == payloads

    def _draw(self, states: Mapping[Xid, JobState]) -> Asked:
        self._at += 1
        number = self._random.randint(1, _JOBS)
        if self._random.random() < 0.2:
            return self._draw_order(number)
        jid = nth(number)
        draw = self._random.choice(_DRAWS)
        return draw(self._random, jid, Instant(self._at), self._draw_token(states[jid]))

    def _draw_order(self, number: int) -> Asked:
        return order(
            number,
            kind=self._random.choice("ab"),
            payload_version=self._random.randint(1, 2),
            queue=self._random.choice("pq"),
            priority=self._random.randint(-1, 1),
            due=self._random.randint(0, 3),
            key=self._random.choice(_KEYS),
            payload=self._random.choice(_PAYLOADS),
            retry=self._random.choice((NEVER, RetryPolicy(max_retries=2))),
            max_crashes=self._random.randint(1, 2),
        )

    def _draw_token(self, state: JobState) -> Token:
        """Mostly the right one."""
        token = state.token if isinstance(state, Started | Cancelling) else Token(1, RUNNER)
        match self._random.randint(0, 9):
            case 0:
                return replace(token, runner=OTHER_RUNNER)
            case 1:
                return replace(token, attempt=token.attempt + self._random.choice((-1, 1)))
            case _:
                return token


_Draw = Callable[[Random, Xid, Instant, Token], Asked]


def _claim(random: Random, jid: Xid, at: Instant, _: Token) -> Asked:
    due_by = random.choice((Instant(0), Instant(2**60), Instant(2**60)))
    return Asked(Claim(jid, at, random.choice((RUNNER, OTHER_RUNNER)), due_by), f"runner:{RUNNER}")


def _complete(_: Random, jid: Xid, at: Instant, token: Token) -> Asked:
    return Asked(Complete(jid, at, token, body_of(_RESULT)), ACTOR, f"job:{jid}#1", _RESULT)


def _fail(random: Random, jid: Xid, at: Instant, token: Token) -> Asked:
    verdict: Verdict = random.choice(_VERDICTS)
    return Asked(Fail(jid, at, token, FAULT, verdict, noise=random.random()), ACTOR)


def _reschedule(random: Random, jid: Xid, at: Instant, _: Token) -> Asked:
    due = random.choice((None, Instant(random.randint(0, 9))))
    return Asked(Reschedule(jid, at, due, random.choice((None, -128, 0, 127))), ACTOR)


_DRAWS: Final[tuple[_Draw, ...]] = (
    _claim,
    _claim,
    _claim,
    _complete,
    _fail,
    _fail,
    _reschedule,
    lambda random, jid, at, token: Asked(Snooze(jid, at, token, Instant(at + random.randint(-2, 2))), ACTOR),
    lambda _, jid, at, token: Asked(Release(jid, at, token, "shutdown", at), ACTOR, "request:7"),
    lambda _, jid, at, token: Asked(Expire(jid, at, token, "its process is gone"), ACTOR),
    lambda _, jid, at, __: Asked(Cancel(jid, at), ACTOR),
    lambda _, jid, at, __: Asked(Redrive(jid, at, at), ACTOR),
    lambda _, jid, at, __: Asked(Redrive(jid, at, at), ACTOR),
    lambda _, jid, at, __: Asked(Erase(jid, at), ACTOR),
)
