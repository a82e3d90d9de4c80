"""Pausing a queue: nothing is claimed from it, whoever asks, until it is resumed; all else goes on."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from adc.core.ids import DATABASE
from adc.core.instants import Instant
from adc.core.outcome import Failure, Success
from adc.core.refusals import NotFound
from adc.handling.job import Job
from adc.kind import JobKind
from adc.ports.store import Wanted
from adc.queue import SqliteQueue, StoreQueue
from adc.router import RunnerRouter
from adc.runner import JobRunner
from adc.stores.memory import MemoryStore
from adc.testing.fixed import START, FixedClock, FixedDice
from adc.testing.world import World

MAIL = JobKind("mail", str, queue="mail")
CALL = JobKind("call", str)
HOUR = timedelta(hours=1)


def noted(seen: list[str]) -> RunnerRouter:
    """Runs jobs of both kinds, and notes their payloads."""
    router = RunnerRouter()

    def note(job: Job[str]) -> None:
        seen.append(job.payload)

    router.add_job_handler(MAIL, note)
    router.add_job_handler(CALL, note)
    return router


def test_nothing_is_polled_from_a_paused_queue_until_it_is_resumed(queue: SqliteQueue) -> None:
    queue.schedule(MAIL.new("hello"))
    queue.pause("mail")
    queue.schedule(MAIL.new("later"))

    assert queue.paused() == ("mail",)
    assert queue.poll_next(MAIL) is None

    queue.resume("mail")
    claimed = queue.poll_next(MAIL)
    assert (queue.paused(), claimed is not None and claimed.job.payload) == ((), "hello")


def test_other_queues_go_on(queue: SqliteQueue) -> None:
    queue.schedule_many([MAIL.new("hello"), CALL.new("ring"), MAIL.new("elsewhere", queue="night")])
    queue.pause("mail")

    seen: list[str] = []
    JobRunner(queue, noted(seen), queues=("mail", "default", "night"), driver="inline").run_until_idle()

    assert sorted(seen) == ["elsewhere", "ring"]
    assert [(row.kind, row.state) for row in queue.look(queue="mail")] == [("mail", "scheduled")]


def test_what_runs_goes_on_and_what_waits_can_be_changed(queue: SqliteQueue) -> None:
    running, waiting, moved = queue.schedule_many(MAIL.new(text) for text in ("runs", "waits", "moves"))
    claimed = queue.poll_next(MAIL)
    assert claimed is not None
    queue.pause("mail")

    assert claimed.complete(None) == Success(None)
    assert queue.cancel_job(waiting) == Success(None)
    assert queue.reschedule(moved, priority=5) == Success(None)
    assert [(row.jid, row.state) for row in queue.look()] == [
        (running, "done"),
        (waiting, "cancelled"),
        (moved, "scheduled"),
    ]


def test_a_pause_holds_in_other_processes_and_after_them(queue: SqliteQueue, db: Path) -> None:
    queue.schedule(MAIL.new("hello"))
    with SqliteQueue.open(db) as another:
        another.pause("mail")

    assert queue.paused() == ("mail",)
    assert queue.poll_next(MAIL) is None
    with SqliteQueue.open(db) as another:
        assert another.paused() == ("mail",)
        another.resume("mail")
    assert queue.poll_next(MAIL) is not None


def test_to_ask_again_changes_nothing(queue: SqliteQueue, clock: FixedClock) -> None:
    queue.resume("mail")
    for _ in range(2):
        queue.pause("mail")
        clock.advance(HOUR)
    queue.pause("default")
    for _ in range(2):
        queue.resume("mail")

    assert queue.paused() == ("default",)
    assert [(entry.version, entry.at, entry.type, entry.data) for entry in queue.history(DATABASE)] == [
        (1, START, "QueuePaused", {"queue": "mail"}),
        (2, START + 2 * HOUR, "QueuePaused", {"queue": "default"}),
        (3, START + 2 * HOUR, "QueueResumed", {"queue": "mail"}),
    ]


def test_the_log_says_who_paused_it(queue: SqliteQueue, db: Path) -> None:
    queue.schedule(CALL.new("ring"))
    queue.pause("mail")
    with SqliteQueue.open(db, actor="operator:anna") as another:
        another.resume("mail")

    entries = queue.history(DATABASE)
    assert [(entry.seq, entry.jid, entry.actor, entry.cause, entry.state) for entry in entries] == [
        (2, DATABASE, "test", None, None),
        (3, DATABASE, "operator:anna", None, None),
    ]


def test_the_database_has_no_history_at_first_and_is_no_job(queue: SqliteQueue) -> None:
    assert queue.history(DATABASE) == ()
    queue.pause("mail")

    assert queue.look() == ()
    assert sum(queue.counts().values()) == 0
    assert queue.cancel_job(DATABASE) == queue.redrive(DATABASE) == Failure(NotFound(DATABASE))
    assert queue.result(MAIL, DATABASE) == queue.unschedule_job(MAIL, DATABASE) == Failure(NotFound(DATABASE))
    with pytest.raises(ValueError, match="of which nothing is known"):
        queue.look(after=DATABASE)


VERBS: dict[str, Callable[[SqliteQueue, str], object]] = {
    "pause": lambda queue, name: queue.pause(name),
    "resume": lambda queue, name: queue.resume(name),
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
@pytest.mark.parametrize(
    ("name", "error"), [("", ValueError), ("x" * 201, ValueError), ("a\nb", ValueError), (7, TypeError)], ids=str
)
def test_what_can_t_be_a_name_is_refused_at_the_door(
    queue: SqliteQueue, verb: Callable[[SqliteQueue, str], object], name: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match="expected a queue"):
        verb(queue, name)

    assert queue.history(DATABASE) == ()


# -- runners -----------------------------------------------------------------------------------------------------------


class Counting(MemoryStore):
    """A store that counts looks and transactions."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    @override
    def next_due(self, wanted: Wanted) -> Instant | None:
        self.looks += 1
        return super().next_due(wanted)


class PausedBetween(MemoryStore):
    """A store in which a queue is paused just after a runner saw that a job of it is due."""

    @override
    def next_due(self, wanted: Wanted) -> Instant | None:
        due = super().next_due(wanted)
        StoreQueue(self, clock=FixedClock(), dice=FixedDice(), actor="another").pause("mail")
        return due


def in_memory(store: MemoryStore) -> StoreQueue:
    return StoreQueue(store, clock=FixedClock(), dice=FixedDice(), actor="test")


@pytest.mark.parametrize("driver", ["threads", "inline"])
@pytest.mark.parametrize("run", [JobRunner.run_until_idle, JobRunner.run_until_empty])
def test_a_runner_whose_queue_is_paused_is_idle(driver: str, run: Callable[[JobRunner], object]) -> None:
    store = Counting()
    queue = in_memory(store)
    queue.schedule_many(MAIL.new(str(number)) for number in range(25))
    queue.schedule_in(MAIL.new("later"), HOUR)
    queue.pause("mail")

    seen: list[str] = []
    run(JobRunner(queue, noted(seen), queues=("mail",), driver="inline" if driver == "inline" else "threads"))

    assert (seen, store.looks) == ([], 1)


def test_a_pause_between_a_look_and_a_claim_is_no_trouble() -> None:
    queue = in_memory(PausedBetween())
    queue.schedule(MAIL.new("hello"))

    seen: list[str] = []
    JobRunner(queue, noted(seen), queues=("mail",), driver="inline").run_until_idle()

    assert (seen, queue.counts()["scheduled"]) == ([], 1)


def test_jobs_of_a_paused_queue_run_in_order_once_it_is_resumed() -> None:
    world = World(queues=("mail", "default"))
    world.queue.pause("mail")
    for number in range(3):
        world.queue.schedule_in(MAIL.new(str(number)), number * HOUR)
    seen: list[str] = []
    router = noted(seen)
    world.run(router, 5 * HOUR)
    assert seen == []

    world.queue.resume("mail")
    world.run(router, concurrency=1)
    assert seen == ["0", "1", "2"]
