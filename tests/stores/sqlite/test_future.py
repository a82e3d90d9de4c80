"""A later adc at the same file: this one writes nothing that it may not, and its readers show what they can."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from adc.codec.events import DamagedEvent, UnknownEvent
from adc.core.ids import DATABASE, Xid
from adc.kind import JobKind
from adc.ports.trouble import FutureVersion
from adc.queue import SqliteQueue
from adc.router import RunnerRouter
from adc.runner import JobRunner
from adc.stores.sqlite.migrations import FORMAT

COUNT = JobKind("count", int)
FIRST = COUNT.new(1)
SECOND = COUNT.new(2)


def later_adc(db: Path, script: str) -> None:
    with closing(apsw.Connection(str(db))) as connection:
        connection.execute(script)


def migrated(db: Path, *, min_reader: int) -> None:
    """What a later adc's migration leaves."""
    later_adc(
        db,
        f"""
        BEGIN IMMEDIATE;
        CREATE TABLE adc_later (a);
        UPDATE adc_meta SET value = '{FORMAT + 1}' WHERE key = 'format';
        UPDATE adc_meta SET value = '{min_reader}' WHERE key = 'min_reader';
        COMMIT
        """,
    )


def events(queue: SqliteQueue) -> int:
    return queue.store.last_seq()


def test_after_a_migration_that_it_does_not_know_nothing_is_written(queue: SqliteQueue, db: Path) -> None:
    queue.schedule(FIRST)
    migrated(db, min_reader=FORMAT + 1)

    for write in (
        lambda: queue.schedule(SECOND),
        lambda: queue.cancel_job(FIRST.jid),
        lambda: queue.poll_next(COUNT),
        lambda: JobRunner(queue, router_of([])).run_until_idle(),
    ):
        with pytest.raises(FutureVersion, match=f"takes an adc of format {FORMAT + 1}, not {FORMAT}.*Nothing was"):
            write()

    assert [row.state for row in queue.look()] == ["scheduled"]
    assert events(queue) == 1


def test_a_runner_stops_with_it(queue: SqliteQueue, db: Path) -> None:
    """The attempt that runs isn't reported: that would be a write. Others find that its runner is gone."""
    first, second = queue.schedule_many([FIRST, SECOND])
    ran: list[Xid] = []

    with pytest.raises(FutureVersion):
        JobRunner(queue, router_of(ran, lambda: migrated(db, min_reader=FORMAT + 1)), driver="inline").run_until_idle()

    assert ran == [first]
    assert [(row.jid, row.state) for row in queue.look()] == [(first, "started"), (second, "scheduled")]


def test_a_migration_that_older_adcs_may_write_to_stops_nobody(queue: SqliteQueue, db: Path) -> None:
    queue.schedule(FIRST)
    migrated(db, min_reader=FORMAT)

    queue.schedule(SECOND)

    assert len(queue.look()) == 2


def router_of(ran: list[Xid], after: object = None) -> RunnerRouter:
    router = RunnerRouter()

    @router.handles(COUNT)
    def count(job: object) -> None:
        ran.append(job.jid)  # type: ignore[attr-defined]
        if callable(after) and len(ran) == 1:
            after()

    return router


def appended(db: Path, jid: Xid, seq: int, version: int, data: str, *, kind: str = "JobTeleported") -> None:
    """An event of a later adc."""
    later_adc(
        db,
        f"""
        INSERT INTO job_events (seq, jid, version, at, type, type_version, actor, data, digest)
        VALUES ({seq}, '{jid}', {version}, 7, '{kind}', 3, 'runner:later', '{data}', x'00')
        """,
    )


def test_readers_show_what_a_later_adc_wrote_as_it_is_stored(queue: SqliteQueue, db: Path) -> None:
    jid = queue.schedule(FIRST)
    migrated(db, min_reader=FORMAT + 1)
    appended(db, jid, 2, 2, '{"at":1800000000000000,"to":"mars"}')
    appended(db, jid, 3, 3, '{"at":1800000000000000}', kind="PayloadErased")

    first, second, _ = queue.history(jid)

    assert (first.type, second.type, second.version, second.actor) == (
        "JobScheduled",
        "JobTeleported",
        2,
        "runner:later",
    )
    assert second.data == {"to": "mars"}
    assert second.at.isoformat() == "2027-01-15T08:00:00+00:00"
    assert (first.state, second.state) == (None, None)  # who knows


def test_a_follower_goes_on_behind_them(queue: SqliteQueue, db: Path) -> None:
    jid = queue.schedule(FIRST)
    appended(db, jid, 2, 2, '{"at":7}')
    other = queue.schedule(SECOND)

    seen: list[tuple[int, str, str, str | None]] = []
    while page := queue.events(after=seen[-1][0] if seen else 0):
        seen += [(entry.seq, entry.jid, entry.type, entry.state) for entry in page]

    assert seen == [
        (1, jid, "JobScheduled", "scheduled"),
        (2, jid, "JobTeleported", None),
        (3, other, "JobScheduled", "scheduled"),
    ]


def test_what_a_later_adc_did_to_the_database_is_shown_too(queue: SqliteQueue, db: Path) -> None:
    queue.pause("mail")
    appended(db, DATABASE, 2, 2, '{"at":7,"queue":"mail"}', kind="QueueEmptied")

    assert [(entry.type, entry.data) for entry in queue.history(DATABASE)] == [
        ("QueuePaused", {"queue": "mail"}),
        ("QueueEmptied", {"queue": "mail"}),
    ]


@pytest.mark.parametrize("data", ["", "7", "{x}", '{"at":"x"}', '{"at":99999999999999999999}'])
def test_what_says_nothing_at_all_is_not_shown(queue: SqliteQueue, db: Path, data: str) -> None:
    jid = queue.schedule(FIRST)
    appended(db, jid, 2, 2, data)

    with pytest.raises(UnknownEvent, match="type JobTeleported version 3 is unknown to this adc"):
        queue.history(jid)
    with pytest.raises(UnknownEvent):
        queue.events(after=1)


def test_damage_is_not_shown_as_if_it_were_a_later_event(queue: SqliteQueue, db: Path) -> None:
    jid = queue.schedule(FIRST)
    appended(db, jid, 2, 2, '{"at":7}')
    later_adc(
        db,
        f"""
        INSERT INTO job_events (seq, jid, version, at, type, type_version, actor, data, digest)
        VALUES (3, '{jid}', 3, 7, 'JobStarted', 1, 'runner:later', 'no', x'00')
        """,
    )

    with pytest.raises(DamagedEvent):
        queue.history(jid)
