"""Turn: reports and claims in one transaction; what isn't there for this runner is left alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from typing_extensions import override

from adc.claiming import Desk
from adc.core.ids import RunnerId, Xid
from adc.core.instants import SECOND, Instant
from adc.core.retry import exponential
from adc.core.terms import Fault
from adc.core.transition import Snapshot
from adc.drivers.turn import Listener, look_ahead, take_turn
from adc.handling.said import Failed, Finished, Report
from adc.kind import JobKind
from adc.ports.store import Wanted
from adc.ports.trouble import StoreBusy
from adc.queue import StoreQueue
from adc.running.events import Happened, RunnerEvent
from adc.running.wishes import NextDue, NotNow, Peek, Turn, Turned
from adc.stores.memory import MemoryStore
from adc.testing.fixed import FixedClock, FixedDice
from adc.testing.samples import RUNNER

ACT = JobKind("act", int, retry=exponential(timedelta(seconds=8), max_retries=1))
BUSY = StoreBusy("jobs.db", "begin", "locked")


class OddStore(MemoryStore):
    """Busy, ahead of its time, or without memory for runners, when it is told so."""

    busy = False
    forgets = False
    early = timedelta(0)

    @contextmanager
    @override
    def writing(self) -> Iterator[MemoryStore]:
        if self.busy:
            raise BUSY
        with super().writing() as writing:
            yield writing

    @override
    def next_due(self, wanted: Wanted) -> Instant | None:
        if self.busy:
            raise BUSY
        return super().next_due(wanted)

    @override
    def is_enrolled(self, runner: RunnerId) -> bool:
        return not self.forgets and super().is_enrolled(runner)

    @override
    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot, ...]:
        return super().due(wanted, Instant(by + self.early // timedelta(microseconds=1)), limit)


@pytest.fixture
def store() -> OddStore:
    return OddStore()


@pytest.fixture
def odd_queue(store: OddStore, clock: FixedClock, dice: FixedDice) -> StoreQueue:
    return StoreQueue(store, clock=clock, dice=dice, actor="test")


@pytest.fixture
def desk(odd_queue: StoreQueue) -> Desk:
    wanted = Wanted(("default",), (("act", 1),))
    return Desk(odd_queue.store, odd_queue.clock, odd_queue.dice, RUNNER, wanted, driver="test")


def claimed(desk: Desk, limit: int = 10, listener: Listener | None = None) -> Turned:
    turned = take_turn(desk, Turn((), limit), listener)
    assert isinstance(turned, Turned)
    return turned


def types(queue: StoreQueue, jid: Xid) -> list[str]:
    return [entry.type for entry in queue.history(jid)]


def test_claimed_jobs_come_with_their_payloads_and_due_times(
    desk: Desk, odd_queue: StoreQueue, clock: FixedClock
) -> None:
    jid = odd_queue.schedule(ACT.new(7))
    due = clock.now()
    clock.advance(timedelta(seconds=3))

    (held,) = claimed(desk).held

    assert (held.jid, held.payload, held.due) == (jid, b"7", due)
    assert (held.state.token.runner, held.state.since) == (RUNNER, clock.now())


def test_a_turn_of_nothing_claims_nothing(desk: Desk, odd_queue: StoreQueue) -> None:
    jid = odd_queue.schedule(ACT.new(7))

    assert claimed(desk, limit=0).held == ()
    assert types(odd_queue, jid) == ["JobScheduled"]


def test_a_failure_is_given_noise_from_the_dice(
    desk: Desk, odd_queue: StoreQueue, clock: FixedClock, dice: FixedDice
) -> None:
    odd_queue.schedule(ACT.new(7))
    (held,) = claimed(desk).held
    dice.show(0.25)

    take_turn(desk, Turn((Report(held.jid, held.state.token, Failed(Fault(("x",)))),), 0))

    assert look_ahead(desk, Peek(3, SECOND)) == NextDue(Instant(clock.now() + 2_000_000), clock.now())


def test_before_it_looks_it_says_that_it_may_rest_and_in_a_turn_that_it_does_not(
    desk: Desk, odd_queue: StoreQueue
) -> None:
    heard: list[str] = []
    odd_queue.store.listen(RUNNER, heard.append)
    desk.enrol()
    odd_queue.schedule(ACT.new(1))
    assert heard == []

    look_ahead(desk, Peek(1, SECOND))
    odd_queue.schedule(ACT.new(2))
    assert heard == ["due"]

    look_ahead(desk, Peek(1, SECOND))
    take_turn(desk, Turn((), 1))
    odd_queue.schedule(ACT.new(3))
    assert heard == ["due"]


def test_what_the_core_refuses_is_not_claimed(desk: Desk, store: OddStore, odd_queue: StoreQueue) -> None:
    later = odd_queue.schedule_in(ACT.new(1), timedelta(minutes=30))
    store.early = timedelta(hours=1)

    assert claimed(desk).held == ()
    assert types(odd_queue, later) == ["JobScheduled"]


def test_a_busy_store_is_an_answer(desk: Desk, store: OddStore) -> None:
    store.busy = True

    assert take_turn(desk, Turn((), 1)) == NotNow(str(BUSY))
    assert look_ahead(desk, Peek(3, SECOND)) == NotNow(str(BUSY))


def test_who_is_struck_off_whenever_it_enrols_goes_on_later(desk: Desk, store: OddStore, odd_queue: StoreQueue) -> None:
    odd_queue.schedule(ACT.new(7))
    store.forgets = True

    assert isinstance(take_turn(desk, Turn((), 1)), NotNow)

    store.forgets = False
    assert len(claimed(desk).held) == 1


def test_whoever_listens_is_told_each_event(desk: Desk, odd_queue: StoreQueue) -> None:
    told: list[RunnerEvent] = []
    jid = odd_queue.schedule(ACT.new(7))

    (held,) = claimed(desk, listener=told.append).held
    take_turn(desk, Turn((Report(jid, held.state.token, Finished(b"null")),), 1), told.append)

    assert [(each.jid, each.kind, type(each.event).__name__) for each in told if isinstance(each, Happened)] == [
        (jid, "act", "JobStarted"),
        (jid, "act", "JobDone"),
    ]
