"""What the original promises of its storage and traces: its lines 54-59, kept, or changed on purpose."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

import adc
from adc.testing.memory_queue import MemoryQueue

MAIL = adc.JobKind("mail", str)


def router() -> adc.RunnerRouter:
    made = adc.RunnerRouter()
    made.add_job_handler(MAIL, lambda job: None)
    return made


def asked(db: Path, query: str) -> list[tuple[object, ...]]:
    """What somebody else reads from the file."""
    with apsw.Connection(str(db)) as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def test_054_opening_a_queue_makes_its_schema(db: Path, queue: adc.SqliteQueue) -> None:
    tables = {name for (name,) in asked(db, "SELECT name FROM sqlite_schema WHERE type = 'table'")}

    assert {"adc_jobs", "job_events", "adc_meta", "adc_runners"} <= tables


def test_054_so_does_the_exported_sql() -> None:
    with apsw.Connection(":memory:") as connection:
        connection.execute(adc.SCHEMA_SQL)
    assert connection.execute("SELECT count(*) FROM adc_queue").get == 0
    connection.close()


def test_055_an_application_keeps_its_own_tables_and_versions_in_the_same_file(db: Path) -> None:
    application = apsw.Connection(str(db))
    application.execute(
        "PRAGMA user_version = 7; CREATE TABLE orders (id INTEGER PRIMARY KEY); INSERT INTO orders VALUES (1)"
    )

    with adc.SqliteQueue.open(db) as queue:
        jid = queue.schedule(MAIL.new("hello"))

    assert application.execute("PRAGMA user_version").get == 7
    assert application.execute("SELECT (SELECT count(*) FROM orders), (SELECT jid FROM adc_queue)").get == (1, jid)
    application.close()


def test_056_of_two_runners_that_poll_each_job_goes_to_one(db: Path) -> None:
    def run(queue: adc.SqliteQueue) -> None:
        adc.JobRunner(queue, router(), concurrency=4).run_until_idle()

    with adc.SqliteQueue.open(db, durability="normal") as one, adc.SqliteQueue.open(db, durability="normal") as two:
        one.schedule_many(MAIL.new(f"{number}") for number in range(100))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, (one, two)))

        assert one.counts()["done"] == 100
        for row in one.look():
            assert [entry.type for entry in one.history(row.jid)] == ["JobScheduled", "JobStarted", "JobDone"]


@pytest.mark.parametrize("where", ["file", "memory"])
def test_057_the_runner_works_with_any_store(db: Path, where: str) -> None:
    with MemoryQueue() if where == "memory" else adc.SqliteQueue.open(db) as queue:
        jid = queue.schedule(MAIL.new("hello"))

        adc.JobRunner(queue, router()).run_until_idle()

        assert [row.state for row in queue.look()] == ["done"]
        assert [entry.type for entry in queue.history(jid)] == ["JobScheduled", "JobStarted", "JobDone"]


def test_058_a_runner_tells_what_happens_as_typed_events(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))
    events = adc.JobRunner(queue, router()).events()

    heard = [next(events) for _ in range(3)]
    events.close()

    assert isinstance(heard[0], adc.RunnerStarted)
    assert [(each.jid, each.kind, type(each.event).__name__) for each in heard if isinstance(each, adc.Happened)] == [
        (jid, "mail", "JobStarted"),
        (jid, "mail", "JobDone"),
    ]


def test_059_a_payload_is_stored_as_json(db: Path, queue: adc.SqliteQueue) -> None:
    orders = adc.JobKind("order", dict[str, list[int]])

    queue.schedule(orders.new({"items": [1, 2]}))

    assert asked(db, "SELECT CAST(payload AS TEXT), payload ->> '$.items[1]' FROM adc_queue") == [
        ('{"items":[1,2]}', 2)
    ]
