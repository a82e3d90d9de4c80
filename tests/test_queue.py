"""A queue: opening, closing and sharing it, by threads, by other queues on its file, and by other processes."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import apsw
import pytest

from adc.core.ids import DATABASE, Xid
from adc.core.outcome import Success
from adc.kind import JobKind
from adc.ports.trouble import CannotOpen, NoQueue, StoreClosed, StoreFull
from adc.queue import SqliteQueue
from adc.scheduling import Queue
from adc.testing.fixed import FixedClock

COUNT = JobKind("count", int, result=int)
JOB = COUNT.new(7)

ANOTHER_PROCESS = """
import sys
from adc.kind import JobKind
from adc.queue import SqliteQueue

COUNT = JobKind("count", int, result=int)
with SqliteQueue.open(sys.argv[1]) as queue:
    claimed = queue.poll_next(COUNT)
    claimed.complete(claimed.job.payload * 2)
    print(queue.schedule(COUNT.new(8)))
"""

USES: dict[str, Callable[[SqliteQueue], object]] = {
    "schedule": lambda queue: queue.schedule(JOB),
    "schedule_in": lambda queue: queue.schedule_in(JOB, timedelta(0)),
    "schedule_many": lambda queue: queue.schedule_many([JOB]),
    "try_schedule": lambda queue: queue.try_schedule(JOB),
    "poll_next": lambda queue: queue.poll_next(COUNT),
    "cancel_job": lambda queue: queue.cancel_job(JOB.jid),
    "unschedule_job": lambda queue: queue.unschedule_job(COUNT, JOB.jid),
    "reschedule": lambda queue: queue.reschedule(JOB.jid),
    "redrive": lambda queue: queue.redrive(JOB.jid),
    "result": lambda queue: queue.result(COUNT, JOB.jid),
    "look": lambda queue: queue.look(),
    "look from the log": lambda queue: queue.look(state="done"),
    "history": lambda queue: queue.history(JOB.jid),
    "counts": lambda queue: queue.counts(),
    "pause": lambda queue: queue.pause("night"),
    "resume": lambda queue: queue.resume("night"),
    "paused": lambda queue: queue.paused(),
    "history of the database": lambda queue: queue.history(DATABASE),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_queue_that_was_closed_says_so(db: Path, use: Callable[[SqliteQueue], object]) -> None:
    queue = SqliteQueue.open(db)
    use(queue)
    queue.close()
    queue.close()

    with pytest.raises(StoreClosed, match="the queue is closed") as closed:
        use(queue)

    assert closed.value.path == str(db)


def test_leaving_the_block_closes_it_also_by_an_exception(db: Path) -> None:
    with SqliteQueue.open(db) as queue:
        queue.schedule(JOB)
    with pytest.raises(LookupError), SqliteQueue.open(db) as broken:
        raise LookupError

    for closed in (queue, broken):
        with pytest.raises(StoreClosed):
            closed.counts()


def test_what_was_scheduled_is_there_when_the_file_is_opened_again(db: Path) -> None:
    with SqliteQueue.open(db) as queue:
        jid = queue.schedule(COUNT.new(7))

    with SqliteQueue.open(str(db)) as queue:
        claimed = queue.poll_next(COUNT)
        assert claimed is not None
        assert (claimed.job.jid, claimed.job.payload) == (jid, 7)


def test_a_claim_outlives_the_queue_object_but_not_its_right(db: Path) -> None:
    with SqliteQueue.open(db) as queue:
        jid = queue.schedule(COUNT.new(7))
        claimed = queue.poll_next(COUNT)
    assert claimed is not None

    with pytest.raises(StoreClosed):
        claimed.complete(14)

    with SqliteQueue.open(db) as queue:
        assert [(row.jid, row.state) for row in queue.look()] == [(jid, "started")]
        again = queue.poll_next(COUNT)
        assert again is not None
        assert (again.job.jid, again.job.attempt) == (jid, 2)


def test_a_path_whose_directory_is_missing_can_t_be_opened(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="Check that the directory exists"):
        SqliteQueue.open(tmp_path / "missing" / "jobs.db")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [False, True], ids=["no file", "a file without a queue"])
def test_a_queue_that_must_be_there_is_not_made(db: Path, there: bool) -> None:
    if there:
        with apsw.Connection(str(db)) as application:
            application.execute("CREATE TABLE orders (id)")
        application.close()
    before = [(each.name, each.read_bytes()) for each in db.parent.iterdir()]

    with pytest.raises(NoQueue, match="Nothing was made"):
        SqliteQueue.open(db, missing="refuse")

    assert [(each.name, each.read_bytes()) for each in db.parent.iterdir()] == before


def test_a_queue_that_is_there_is_opened(db: Path, queue: SqliteQueue) -> None:
    jid = queue.schedule(COUNT.new(7))

    with SqliteQueue.open(db, missing="refuse") as again:
        assert [row.jid for row in again.look()] == [jid]


def test_a_queue_in_memory_is_seen_by_nobody_else() -> None:
    with SqliteQueue.open(":memory:") as one, SqliteQueue.open(":memory:") as other:
        one.schedule(COUNT.new(7))

        assert (one.counts()["scheduled"], other.counts()["scheduled"]) == (1, 0)


@pytest.mark.parametrize("actor", ["", "a\nb", "x" * 201, "\ud800"], ids=["empty", "newline", "long", "surrogate"])
def test_who_asks_must_have_a_name(db: Path, actor: str) -> None:
    with pytest.raises(ValueError, match="expected a"):
        SqliteQueue.open(db, actor=actor)


def test_a_queue_is_what_producers_take() -> None:
    def produce(queue: Queue) -> Xid:
        return queue.schedule(COUNT.new(1))

    with SqliteQueue.open(":memory:") as queue:
        assert queue.history(produce(queue))[0].type == "JobScheduled"


@pytest.mark.parametrize("name", ["jobs.db", ":memory:"])
def test_threads_share_a_queue_and_no_job_is_lost_or_run_twice(tmp_path: Path, name: str) -> None:
    threads, each = 8, 25
    together = Barrier(threads)
    where = name if name == ":memory:" else tmp_path / name

    with SqliteQueue.open(where, durability="normal") as queue:

        def produce_and_run(thread: int) -> list[int]:
            together.wait()
            queue.schedule_many(COUNT.new(thread * each + number) for number in range(each))
            done: list[int] = []
            while (claimed := queue.poll_next(COUNT)) is not None:
                assert claimed.complete(claimed.job.payload) == Success(None)
                done.append(claimed.job.payload)
            return done

        with ThreadPoolExecutor(threads) as pool:
            done = [number for numbers in pool.map(produce_and_run, range(threads)) for number in numbers]

        assert sorted(done) == list(range(threads * each))
        assert queue.counts()["done"] == threads * each
        for row in queue.look(limit=1000):
            assert [entry.type for entry in queue.history(row.jid)] == ["JobScheduled", "JobStarted", "JobDone"]


def test_two_queues_on_one_file_share_its_jobs(db: Path, queue: SqliteQueue, clock: FixedClock) -> None:
    with SqliteQueue.open(db, actor="other", clock=clock) as other:
        jid = queue.schedule(COUNT.new(7))
        claimed = other.poll_next(COUNT)
        assert claimed is not None
        assert queue.poll_next(COUNT) is None
        claimed.complete(14)

        assert queue.result(COUNT, jid) == other.result(COUNT, jid) == Success(14)
        assert queue.schedule(COUNT.new(1, key="k")) == other.schedule(COUNT.new(1, key="k"))
        assert (queue.counts(), queue.look()) == (other.counts(), other.look())


def test_two_queues_in_threads_claim_each_job_once(db: Path) -> None:
    def run(queue: SqliteQueue) -> list[int]:
        done: list[int] = []
        while (claimed := queue.poll_next(COUNT)) is not None:
            claimed.complete(0)
            done.append(claimed.job.payload)
        return done

    with SqliteQueue.open(db, durability="normal") as one, SqliteQueue.open(db, durability="normal") as other:
        one.schedule_many(COUNT.new(number) for number in range(50))
        with ThreadPoolExecutor(2) as pool:
            done = [number for numbers in pool.map(run, (one, other)) for number in numbers]

    assert sorted(done) == list(range(50))


def test_another_process_runs_and_schedules_jobs_of_the_same_file(db: Path) -> None:
    with SqliteQueue.open(db, actor="test") as queue:
        jid = queue.schedule(COUNT.new(7))

        told = subprocess.run([sys.executable, "-c", ANOTHER_PROCESS, str(db)], check=True, capture_output=True)

        assert queue.result(COUNT, jid) == Success(14)
        (row,) = queue.look(state="scheduled")
        assert row.jid == told.stdout.decode().strip()
        assert [entry.actor.partition(":")[0] for entry in queue.history(jid)] == ["test", "runner", "runner"]
        assert queue.history(row.jid)[0].actor.startswith("caller:")


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"durability": "ful"}, "expected the durability 'full' or 'normal', got 'ful'"),
        ({"missing": "maybe"}, "expected missing to be 'make' or 'refuse', got 'maybe'"),
    ],
)
def test_a_choice_that_there_isn_t_is_refused(db: Path, choice: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SqliteQueue.open(db, **choice)  # type: ignore[arg-type]

    assert not db.exists()


def test_a_trouble_can_be_sent_to_another_process() -> None:
    trouble = StoreFull("jobs.db", "write", "database or disk is full", 13)

    again = pickle.loads(pickle.dumps(trouble))

    assert (str(again), again.code) == (str(trouble), 13)
