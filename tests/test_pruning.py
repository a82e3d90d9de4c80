"""prune and erase: what is known of a job afterwards, and what others are told who read or report on it."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adc.core.ids import DATABASE, encode_xid
from adc.core.instants import NaiveDatetime
from adc.core.outcome import Failure, Success
from adc.core.refusals import LeaseLost, NotFound, Undecodable, WrongState
from adc.handling.cause import caused_by
from adc.handling.job import Job
from adc.handling.notdone import Permanent
from adc.kind import JobKind
from adc.ports.store import PruneCount
from adc.ports.trouble import LogPruned, ReadOnlyArchive
from adc.queue import SqliteQueue, StoreQueue
from adc.router import RunnerRouter
from adc.runner import JobRunner
from adc.testing import MemoryQueue
from adc.testing.fixed import START, FixedClock, FixedDice

MAIL = JobKind("mail", str, result=str)
DAY = timedelta(days=1)
router = RunnerRouter()


@router.handles(MAIL)
def send(job: Job[str]) -> str:
    if job.payload == "nobody":
        raise Permanent("nobody there")
    return f"sent {job.payload}"


def run(queue: StoreQueue) -> None:
    JobRunner(queue, router, concurrency=1).run_until_idle()


@pytest.fixture(params=["file", "memory"])
def any_queue(request: pytest.FixtureRequest, queue: SqliteQueue, clock: FixedClock, dice: FixedDice) -> StoreQueue:
    """The verbs are those of every queue."""
    return queue if request.param == "file" else MemoryQueue(clock=clock, dice=dice)


def test_what_ended_before_the_moment_goes(any_queue: StoreQueue, clock: FixedClock) -> None:
    old, gone, dead = any_queue.schedule_many(MAIL.new(name) for name in ("a", "b", "nobody"))
    any_queue.cancel_job(gone)
    run(any_queue)
    clock.advance(DAY)
    young = any_queue.schedule(MAIL.new("c"))
    run(any_queue)
    waits = any_queue.schedule(MAIL.new("d"))

    assert any_queue.prunable(done_before=clock.at - timedelta(hours=1)) == PruneCount(2, 5)
    assert any_queue.prune(done_before=clock.at - timedelta(hours=1)) == PruneCount(2, 5)

    assert [row.jid for row in any_queue.look()] == [dead, young, waits]
    assert any_queue.result(MAIL, old) == Failure(NotFound(old))
    assert any_queue.result(MAIL, young) == Success("sent c")
    assert (any_queue.history(old), any_queue.cancel_job(gone)) == ((), Failure(NotFound(gone)))
    any_queue.redrive(dead)
    run(any_queue)
    assert any_queue.counts()["dead"] == 1


def test_the_log_says_who_pruned_what(any_queue: StoreQueue, clock: FixedClock) -> None:
    any_queue.schedule(MAIL.new("a"))
    run(any_queue)
    clock.advance(DAY)
    with caused_by("request:7"):
        any_queue.prune(done_before=START + DAY)

    (entry,) = any_queue.history(DATABASE)
    assert (entry.type, entry.seq, entry.state, entry.cause) == ("Pruned", 4, None, "request:7")
    assert entry.data["events"] == 3
    assert entry.actor == any_queue.actor


def test_a_follower_is_told_what_it_missed(any_queue: StoreQueue, clock: FixedClock) -> None:
    first, second = any_queue.schedule_many(MAIL.new(name) for name in "ab")
    run(any_queue)
    any_queue.cancel_job(any_queue.schedule(MAIL.new("c")))
    clock.advance(DAY)
    (place,) = [entry.seq for entry in any_queue.events() if (entry.jid, entry.type) == (first, "JobDone")]
    kept = any_queue.schedule(MAIL.new("d"))
    any_queue.prune(done_before=START + DAY)

    with pytest.raises(LogPruned) as told:
        any_queue.events(after=place)

    for entries in (any_queue.events(after=told.value.next_seq - 1), any_queue.events(gaps="skip")):
        assert {entry.jid for entry in entries[1:]} == {DATABASE}
        assert entries[0].jid == kept
    assert any_queue.history(second) == ()
    last = any_queue.events(gaps="skip")[-1].seq
    assert any_queue.events(after=last) == ()


def test_a_follower_that_has_seen_all_misses_nothing(any_queue: StoreQueue, clock: FixedClock) -> None:
    any_queue.schedule(MAIL.new("a"))
    run(any_queue)
    clock.advance(DAY)
    any_queue.prune(done_before=START + DAY)

    assert [entry.type for entry in any_queue.events(after=3)] == ["Pruned"]


def test_keys_are_free_and_new_jobs_can_be_scheduled_again(any_queue: StoreQueue, clock: FixedClock) -> None:
    job = MAIL.new("a", key="order 7")
    jid = any_queue.schedule(job)
    run(any_queue)
    assert any_queue.schedule(MAIL.new("a", key="order 7")) == jid
    clock.advance(DAY)
    any_queue.prune(done_before=START + DAY)

    other = any_queue.schedule(MAIL.new("b", key="order 7"))
    assert other != jid
    assert any_queue.schedule(MAIL.new("c")) != other


def test_who_reports_on_a_pruned_job_no_longer_holds_it(any_queue: StoreQueue, clock: FixedClock) -> None:
    jid = any_queue.schedule(MAIL.new("a"))
    claimed = any_queue.poll_next(MAIL)
    assert claimed is not None
    claimed.complete("done")
    clock.advance(DAY)
    any_queue.prune(done_before=START + DAY)

    assert claimed.complete("done") == Failure(LeaseLost(jid, 1))


def test_a_moment_has_a_zone(any_queue: StoreQueue) -> None:
    for verb in (any_queue.prune, any_queue.prunable):
        with pytest.raises(NaiveDatetime):
            verb(done_before=datetime(2027, 1, 1))  # noqa: DTZ001  that is the point


def test_an_archive_is_a_queue_to_read(queue: SqliteQueue, clock: FixedClock, tmp_path: Path) -> None:
    jid = queue.schedule(MAIL.new("a", key="order 7"))
    run(queue)
    history = queue.history(jid)
    clock.advance(DAY)

    assert queue.prune(done_before=START + DAY, archive=tmp_path / "old.db") == PruneCount(1, 3)

    assert not queue.is_archive
    with SqliteQueue.open(tmp_path / "old.db", missing="refuse") as old:
        assert old.is_archive
        assert (old.history(jid), old.result(MAIL, jid)) == (history, Success("sent a"))
        assert [row.key for row in old.look()] == ["order 7"]
        assert [entry.type for entry in old.events(gaps="skip")] == ["JobScheduled", "JobStarted", "JobDone"]
        assert isinstance(old.export(jid), Success)
        assert old.job_at(jid, 1) is not None
        assert list(old.verify()) == []
        for verb in (
            lambda: old.schedule(MAIL.new("b")),
            lambda: old.cancel_job(jid),
            lambda: old.erase(jid),
            lambda: old.pause("default"),
            lambda: run(old),
        ):
            with pytest.raises(ReadOnlyArchive):
                verb()
    assert not (tmp_path / "old.db-adc").exists()


def test_of_an_erased_job_the_history_is_left(any_queue: StoreQueue) -> None:
    jid = any_queue.schedule(MAIL.new("a"))
    run(any_queue)

    assert any_queue.erase(jid) == Success(None)
    assert any_queue.erase(jid) == Success(None)

    assert [entry.type for entry in any_queue.history(jid)] == [
        "JobScheduled",
        "JobStarted",
        "JobDone",
        "PayloadErased",
    ]
    assert any_queue.result(MAIL, jid) == Failure(Undecodable(jid, "$", "its bytes were erased"))
    if isinstance(any_queue, SqliteQueue):
        assert list(any_queue.verify()) == []


def test_only_what_is_over_or_dead_can_be_erased(any_queue: StoreQueue) -> None:
    waits, dead = any_queue.schedule_many((MAIL.new("a").after(DAY), MAIL.new("nobody")))
    run(any_queue)
    unknown = encode_xid(b"\1" * 12)

    assert any_queue.erase(waits) == Failure(WrongState(waits, "scheduled"))
    assert any_queue.erase(unknown) == Failure(NotFound(unknown))
    assert any_queue.erase(DATABASE) == Failure(NotFound(DATABASE))
    assert any_queue.erase(dead) == Success(None)


def test_an_erased_dead_letter_dies_again_when_it_is_redriven(any_queue: StoreQueue) -> None:
    dead = any_queue.schedule(MAIL.new("nobody"))
    run(any_queue)
    any_queue.erase(dead)
    assert any_queue.unschedule_job(MAIL, dead) == Failure(Undecodable(dead, "$", "its bytes were erased"))

    assert any_queue.redrive(dead) == Success(None)
    run(any_queue)

    (row,) = any_queue.look(state="dead")
    assert row.reason == "Undecodable"
    assert any_queue.erase(dead) == Success(None)
    assert any_queue.history(dead)[-1].type == "JobDied"
