"""Who counts as gone to a watcher, and what it does then: with clocks that the test moves."""

from datetime import timedelta

import pytest

from adc.claiming import Desk
from adc.core.events import Event, JobCrashed
from adc.core.ids import RunnerId
from adc.core.instants import SECOND, Span
from adc.core.liveness import LONGEST_GAP
from adc.drivers.turn import take_turn
from adc.kind import JobKind
from adc.ports.store import Wanted
from adc.queue import StoreQueue
from adc.rescuing import MOST_AT_ONCE, Watcher
from adc.running.wishes import Turn
from adc.stores.memory import MemoryStore
from adc.system import place
from adc.testing.fixed import FixedClock, FixedDice
from adc.testing.world import numbered

ACT = JobKind("act", int, max_crashes=2)
LEASE = Span(30 * SECOND)
STEP = timedelta(seconds=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def queue(clock: FixedClock) -> StoreQueue:
    return StoreQueue(MemoryStore(), clock=clock, dice=FixedDice(), actor="test")


def desk(queue: StoreQueue, number: int, *, lease: Span | None = LEASE) -> Desk:
    wanted = Wanted(("default",), (("act", 1),))
    enrolled = Desk(queue.store, queue.clock, queue.dice, RunnerId(numbered(number)), wanted, "threads", lease)
    enrolled.enrol()
    return enrolled


def claimed(queue: StoreQueue, of: Desk, count: int = 1) -> None:
    queue.schedule_many([ACT.new(number) for number in range(count)])
    while len(queue.store.holding(of.runner)) < count:  # a turn takes some
        take_turn(of, Turn((), count))


def watcher(of: Desk) -> Watcher:
    return Watcher(of, place().boot_id)


def looks(of: Watcher, clock: FixedClock, seconds: int) -> int:
    """Look once a second, so often: how many runners were found gone."""
    found = 0
    for _ in range(seconds):
        clock.advance(STEP)
        found += len(of.look().rescues)
    return found


def test_a_runner_without_a_beat_for_longer_than_its_lease_is_gone(queue: StoreQueue, clock: FixedClock) -> None:
    hanging, watching = desk(queue, 1), desk(queue, 2)
    claimed(queue, hanging)
    watch = watcher(watching)

    assert looks(watch, clock, 31) == 0
    clock.advance(STEP)
    (rescue,) = watch.look().rescues
    assert (rescue.gone.runner, rescue.gone.because, len(rescue.expired)) == (hanging.runner, "silent", 1)
    assert [row.runner for row in queue.runners()] == [watching.runner]
    assert dict(queue.counts())["scheduled"] == 1


def test_one_that_gives_beats_is_not(queue: StoreQueue, clock: FixedClock) -> None:
    living, watching = desk(queue, 1), desk(queue, 2)
    watch = watcher(watching)
    for _ in range(10):
        assert looks(watch, clock, 29) == 0
        queue.store.beat(living.runner, clock.now())


def test_a_watcher_that_slept_takes_nobody_for_gone(queue: StoreQueue, clock: FixedClock) -> None:
    """As after both were stopped together: it wakes first."""
    living, watching = desk(queue, 1), desk(queue, 2)
    watch = watcher(watching)
    watch.look()
    for _ in range(5):
        clock.advance(timedelta(hours=9))
        assert watch.look().rescues == ()
    assert 5 * LONGEST_GAP < LEASE

    queue.store.beat(living.runner, clock.now())
    assert looks(watch, clock, 29) == 0


def test_one_without_a_lease_is_gone_only_when_it_lets_go(queue: StoreQueue, clock: FixedClock) -> None:
    polling, watching = desk(queue, 1, lease=None), desk(queue, 2)
    claimed(queue, polling)
    watch = watcher(watching)
    assert looks(watch, clock, 100) == 0

    queue.store.let_go(polling.runner)
    clock.advance(STEP)
    (rescue,) = watch.look().rescues
    assert rescue.gone.because == "died"


def test_signs_are_looked_at_once_a_second(queue: StoreQueue, clock: FixedClock) -> None:
    dying, watching = desk(queue, 1), desk(queue, 2)
    watch = watcher(watching)
    watch.look()
    queue.store.let_go(dying.runner)

    clock.advance(timedelta(milliseconds=999))
    assert watch.look().rescues == ()
    clock.advance(timedelta(milliseconds=1))
    assert len(watch.look().rescues) == 1


def test_two_watchers_rescue_once(queue: StoreQueue, clock: FixedClock) -> None:
    dying = desk(queue, 1)
    claimed(queue, dying)
    queue.store.let_go(dying.runner)
    first, second = watcher(desk(queue, 2)), watcher(desk(queue, 3))
    found = second._gone(queue.store.signs(), clock.tick())
    assert [rescue.gone.runner for rescue in first.look().rescues] == [dying.runner]

    assert [second._rescue(gone) for gone in found if gone.runner == dying.runner] == [None]

    (job,) = queue.look()
    assert [entry.type for entry in queue.history(job.jid)].count("JobCrashed") == 1


def test_one_that_comes_back_to_life_meanwhile_keeps_its_jobs(queue: StoreQueue, clock: FixedClock) -> None:
    sleeping, watching = desk(queue, 1), desk(queue, 2)
    claimed(queue, sleeping)
    watch = watcher(watching)
    looks(watch, clock, 31)
    clock.advance(STEP)
    (gone,) = watch._gone({sleeping.runner: queue.store.signs()[sleeping.runner]}, clock.tick())

    queue.store.beat(sleeping.runner, clock.now())
    assert watch._rescue(gone) is None
    assert dict(queue.store.holding(sleeping.runner)) != {}


def test_a_runner_learns_that_it_was_struck_off(queue: StoreQueue, clock: FixedClock) -> None:
    here = desk(queue, 1)
    watch = watcher(here)
    assert watch.look().is_enrolled

    with queue.store.writing() as writing:
        writing.strike(here.runner)
    clock.advance(STEP)
    assert not watch.look().is_enrolled


def test_of_many_jobs_some_come_at_each_look(queue: StoreQueue, clock: FixedClock) -> None:
    dying, watching = desk(queue, 1), desk(queue, 2)
    claimed(queue, dying, MOST_AT_ONCE + 5)
    queue.store.let_go(dying.runner)
    watch = watcher(watching)

    (first,) = watch.look().rescues
    clock.advance(STEP)
    (second,) = watch.look().rescues
    assert (len(first.expired), len(second.expired)) == (MOST_AT_ONCE, 5)
    clock.advance(STEP)
    assert watch.look().rescues == ()


def test_a_job_that_crashes_its_runners_is_poison(queue: StoreQueue, clock: FixedClock) -> None:
    watching = desk(queue, 9)
    watch = watcher(watching)
    queue.schedule(ACT.new(1))
    events: list[tuple[Event, ...]] = []
    for number in (1, 2):
        dying = desk(queue, number)
        take_turn(dying, Turn((), 1))
        queue.store.let_go(dying.runner)
        clock.advance(STEP)
        events += [each.events for rescue in watch.look().rescues for each in rescue.expired]

    assert [[type(event).__name__ for event in each] for each in events] == [["JobCrashed"], ["JobCrashed", "JobDied"]]
    assert all(isinstance(each[0], JobCrashed) and each[0].because == "died" for each in events)
    (job,) = queue.look()
    assert (job.state, job.reason) == ("dead", "Poison")
