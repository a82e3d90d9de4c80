"""Moves: what an examiner does to a store, each in one transaction."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from adc.codec.events import UnreadableEvent, body_of
from adc.core.commands import Claim, Command, Complete, Erase, Fail, Schedule
from adc.core.ids import XID_BYTES, RunnerId, Xid, encode_xid
from adc.core.instants import Instant
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import Refusal
from adc.core.retry import NEVER, RetryPolicy
from adc.core.states import Started
from adc.core.terms import Terms, Token
from adc.core.transition import Asked, Snapshot, Transition
from adc.ports.store import Store, Wanted
from adc.shell import carry_out
from adc.testing.samples import FAULT, RUNNER

NOW = Instant(1_000)
"""When everything happens, unless a move says otherwise."""
ACTOR = "examiner"
PAYLOAD = b'{"order": 7}'
RESULT = b'"sent"'


class Examined:
    """What every part of the exam has: the store that is examined."""

    def make_store(self) -> Store:
        """A new, empty store. An exam overrides this."""
        raise NotImplementedError

    def close_store(self, store: Store) -> None:
        """Called after each test; override it to let go of more than the store."""
        store.close()

    @contextmanager
    def opened(self) -> Generator["Moves", None, None]:
        """A new store to make moves on."""
        store = self.make_store()
        try:
            yield Moves(store)
        finally:
            self.close_store(store)


class Moves:
    """A store, and the moves."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def ask(self, *asked: Asked | Command) -> tuple[Outcome[Transition, Refusal], ...]:
        """What came of each, all in one transaction."""
        with self.store.writing() as writing:
            return carry_out(writing, [each if isinstance(each, Asked) else Asked(each, ACTOR) for each in asked])

    def must(self, *asked: Asked | Command) -> None:
        """`ask`, where none is refused."""
        outcomes = self.ask(*asked)
        assert all(isinstance(outcome, Success) for outcome in outcomes), outcomes

    def schedule(self, *orders: Asked) -> tuple[Xid, ...]:
        """Their ids."""
        self.must(*orders)
        return tuple(each.command.jid for each in orders)

    def claim(self, jid: Xid, runner: RunnerId = RUNNER) -> Token:
        """The attempt's token."""
        self.must(Claim(jid, NOW, runner, due_by=NOW))
        state = self.job(jid).state
        assert isinstance(state, Started)
        return state.token

    def finish(self, jid: Xid, result: bytes = RESULT) -> Token:
        """Claim and complete."""
        token = self.claim(jid)
        self.must(completed(jid, token, result))
        return token

    def erase(self, jid: Xid) -> None:
        """Its bytes."""
        self.must(Erase(jid, NOW))

    def job(self, jid: Xid) -> Snapshot:
        """As it is."""
        return self.store.load((jid,))[jid]

    def due(self, wanted: Wanted, *, by: Instant = NOW, limit: int = 1_000) -> tuple[Snapshot, ...]:
        """What a runner would be given; raises why one of them can't be read."""
        with self.store.writing() as writing:
            found = writing.due(wanted, by, limit)
        return tuple(map(_readable, found))

    def payloads(self, jids: Sequence[Xid]) -> dict[Xid, bytes]:
        """Those that there are."""
        with self.store.writing() as writing:
            return dict(writing.payloads(jids))


def nth(number: int) -> Xid:
    """The id of the examiner's nth job, from 0; none of them is the database's."""
    return encode_xid((number + 1).to_bytes(XID_BYTES))


def order(
    number: int,
    *,
    kind: str = "invoice",
    payload_version: int = 1,
    queue: str = "default",
    priority: int = 0,
    due: int = 0,
    key: str | None = None,
    payload: bytes = PAYLOAD,
    retry: RetryPolicy = NEVER,
    max_crashes: int = 3,
) -> Asked:
    """The nth job, to be scheduled."""
    terms = Terms(
        kind, body_of(payload), payload_version, queue, priority, retry=retry, max_crashes=max_crashes, key=key
    )
    return Asked(Schedule(nth(number), NOW, terms, Instant(due)), ACTOR, body=payload)


def completed(jid: Xid, token: Token, result: bytes = RESULT) -> Asked:
    """The report of an attempt that is finished."""
    return Asked(Complete(jid, NOW, token, body_of(result)), ACTOR, body=result)


def died(jid: Xid, token: Token) -> Fail:
    """The report of an attempt after which there is no other."""
    return Fail(jid, NOW, token, FAULT, "permanent")


def refusal_of(outcome: Outcome[Transition, Refusal]) -> Refusal:
    """What was refused."""
    assert isinstance(outcome, Failure), outcome
    return outcome.failure()


@contextmanager
def raising(kind: type[BaseException]) -> Generator[None, None, None]:
    """Within, an exception of this kind is raised."""
    try:
        yield
    except kind:
        return
    raise AssertionError(f"expected {kind.__name__} to be raised")


def _readable(found: Snapshot | UnreadableEvent) -> Snapshot:
    if isinstance(found, UnreadableEvent):
        raise found
    return found
