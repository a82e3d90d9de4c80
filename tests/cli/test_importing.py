"""adc import: every job of a file of the Rust original is in the queue once, byte for byte, or is told."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from adc.codec.original import ERROR
from adc.core.events import JobDied
from adc.core.ids import Xid, is_xid
from adc.core.states import Dead, Scheduled
from adc.core.terms import Fault, Terms
from adc.queue import SqliteQueue
from adc.reading import JobRow
from tests.original.files import (
    BINCODE,
    CONTEXT,
    DEAD_2,
    FIRST,
    JSON,
    OPEN,
    PRIORITIES,
    SECOND,
    UUIDS,
    XIDS,
    make,
    release_1,
    release_2,
    release_3,
)

Adc = Callable[..., CompletedProcess[str]]


def terms(db: Path, jid: Xid) -> Terms:
    with SqliteQueue.open(db) as queue:
        state = queue.store.load((jid,))[jid].state
        assert isinstance(state, Scheduled | Dead)
        return state.terms


def jobs(db: Path) -> dict[str, JobRow]:
    """By the id that they had."""
    with SqliteQueue.open(db) as queue:
        assert list(queue.verify()) == []
        rows = queue.look(limit=100)
    return {dict(terms(db, row.jid).meta).get("original_id", row.jid): row for row in rows}


def payload(db: Path, jid: Xid) -> bytes | None:
    with SqliteQueue.open(db) as queue:
        return queue.store.body(jid, 1)


def types(db: Path, jid: Xid) -> list[str]:
    with SqliteQueue.open(db) as queue:
        return [entry.type for entry in queue.history(jid)]


def test_a_file_of_0_2_is_copied_with_each_job_and_its_event(adc: Adc, db: Path) -> None:
    done = adc("import", str(release_2(db.with_name("old.db"))))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"{db.with_name('old.db')} is of aide-de-camp 0.2 (bincode payloads)\n"
        "imported 3 jobs to run and 2 dead letters; 1 known already, 0 that can't be stored\n"
    )
    found = jobs(db)
    assert set(found) == {*XIDS, "job-1"}
    waiting, held, named, dead = (found[jid] for jid in (XIDS[0], XIDS[1], "job-1", XIDS[3]))
    assert [row.state for row in (waiting, held, named, dead)] == ["scheduled", "scheduled", "scheduled", "dead"]
    assert (waiting.kind, waiting.queue, waiting.priority) == ("shop::Invoice", "default", 0)
    assert (held.queue, held.priority) == ("slow", -5)
    assert dict(terms(db, held.jid).meta) == {"original": "aide-de-camp 0.2", "original_retries": "2"}
    assert is_xid(named.jid)
    assert payload(db, waiting.jid) == payload(db, dead.jid) == BINCODE
    assert payload(db, named.jid) == b""
    assert types(db, waiting.jid) == ["JobScheduled"]
    assert types(db, dead.jid) == ["JobScheduled", "JobStarted", "JobDied"]


def test_the_times_are_the_originals(adc: Adc, db: Path) -> None:
    adc("import", str(release_2(db.with_name("old.db"))))

    events = [json.loads(line) for line in adc("events", "--json").stdout.splitlines()]
    times = {(event["jid"], event["type"]): event["at"] for event in events}
    assert times[XIDS[0], "JobScheduled"] == "2022-12-01T10:00:00.000000Z"
    assert times[XIDS[3], "JobStarted"] == "2022-12-01T10:01:41.000000Z"
    assert times[XIDS[3], "JobDied"] == "2022-12-01T10:03:18.000000Z"
    assert str(jobs(db)[XIDS[0]].due) == "2022-12-01 10:00:00.123456+00:00"
    assert {event["cause"] for event in events} == {"request:adc import"}


def test_a_file_of_0_3_is_copied_with_its_errors_and_what_0_2_has_left_in_it(adc: Adc, db: Path) -> None:
    done = adc("import", str(release_3(db.with_name("old.db"))), "--json")

    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "original": "aide-de-camp 0.2 (bincode payloads) and 0.3 (JSON payloads, cron jobs)",
        "waiting": 2, "dead": 1, "known": 0, "left": 0, "cron_jobs": 1, "dry_run": False,
    }  # fmt: skip
    assert done.stderr == "adc: 1 cron job stayed there: adc has no schedules yet\n"
    found = jobs(db)
    ids = ["01930f2c-7a1b-7c3d-8e4f-5a6b7c8d9e0f", "01930f2c-7a1b-7c3d-8e4f-5a6b7c8d9e10"]
    assert set(found) == {*ids, XIDS[0]}
    waiting, dead = (found[jid] for jid in ids)
    assert (waiting.kind, waiting.priority, waiting.state) == ("shop::Invoice", 9, "scheduled")
    assert payload(db, waiting.jid) == payload(db, dead.jid) == JSON.encode()
    assert str(waiting.due) == "2024-11-14 16:00:00.123000+00:00"
    with SqliteQueue.open(db) as queue:
        *_, died = (recorded.event for recorded in queue.store.history(dead.jid))
    assert isinstance(died, JobDied)
    assert died.fault == Fault((ERROR,), "no \u00e9", CONTEXT)
    assert "no \u00e9" in adc("dead").stdout


@pytest.mark.parametrize("make_file", [release_1, release_2, release_3])
def test_run_twice_it_imports_once_whatever_became_of_the_jobs(
    adc: Adc, db: Path, make_file: Callable[[Path], Path]
) -> None:
    old = make_file(db.with_name("old.db"))
    first = json.loads(adc("import", str(old), "--json").stdout)
    with SqliteQueue.open(db) as queue:
        queue.cancel_job(queue.look(limit=1)[0].jid)
        before = queue.store.last_seq()

    again = json.loads(adc("import", str(old), "--json").stdout)

    assert (again["waiting"], again["dead"], again["left"]) == (0, 0, 0)
    assert again["known"] == first["waiting"] + first["dead"] + first["known"]
    with SqliteQueue.open(db) as queue:
        assert queue.store.last_seq() == before
        assert list(queue.verify()) == []


def test_the_file_is_left_as_it_is(adc: Adc, db: Path) -> None:
    old = release_3(db.with_name("old.db"))
    before = sha256(old.read_bytes()).digest()

    adc("import", str(old))

    assert sha256(old.read_bytes()).digest() == before
    assert sorted(path.name for path in old.parent.glob("old.db*")) == ["old.db"]


def test_a_dry_run_says_the_same_and_changes_nothing(adc: Adc, db: Path) -> None:
    old = release_3(db.with_name("old.db"))

    dry = adc("import", str(old), "--dry-run")
    assert dry.stdout.endswith(
        "would import 2 jobs to run and 1 dead letter; 0 known already, 0 that can't be stored\n"
    )
    assert not db.exists()
    adc("import", str(old))
    dry = adc("import", str(old), "--dry-run")

    assert "would import 0 jobs to run and 0 dead letters; 3 known already" in dry.stdout


def test_jobs_run_once_a_kind_reads_them(adc: Adc, db: Path) -> None:
    adc("import", str(release_3(db.with_name("old.db"))), "--max-retries", "3", "--payload-version", "2")
    waiting, *_ = (row for row in jobs(db).values() if row.priority == 9)

    assert terms(db, waiting.jid).payload_version == 2
    assert terms(db, waiting.jid).retry.max_retries == 3
    shown = adc("show", waiting.jid).stdout
    assert "01930f2c-7a1b-7c3d-8e4f-5a6b7c8d9e0f" in shown


def test_more_than_a_transaction_holds_is_copied_in_order(adc: Adc, db: Path) -> None:
    rows = [
        (
            OPEN,
            (f"{number:020x}", "default", "k", str(number).encode(), 0, "2022-12-01T10:00:00+00:00", None, number, 0),
        )
        for number in range(1, 1_203)
    ]
    old = make(db.with_name("old.db"), FIRST + PRIORITIES, *rows)

    done = json.loads(adc("import", str(old), "--json").stdout)

    assert (done["waiting"], done["left"]) == (1_202, 0)
    with SqliteQueue.open(db) as queue:
        found = queue.store.events(0, 2_000)
        assert [event.jid for event in found] == [f"{number:020x}" for number in range(1, 1_203)]


def test_what_cannot_be_stored_is_told_and_the_rest_is_imported(adc: Adc, db: Path) -> None:
    due = "2022-12-01T10:00:00+00:00"
    good = (XIDS[0], "default", "mail", b"x", 0, due, None, 1, 0)
    rows = [
        (OPEN, good),
        (OPEN, ("no-kind", "default", "", b"x", 0, due, None, 1, 0)),
        (OPEN, ("a-bad-kind", "default", "a\x1b[2Jb", b"x", 0, due, None, 1, 0)),
        (OPEN, ("no-payload", "default", "mail", 7, 0, due, None, 1, 0)),
        (OPEN, ("no-time", "default", "mail", b"x", 0, "soon", None, 1, 0)),
        (OPEN, ("no-priority", "default", "mail", b"x", 0, due, None, 1, 1000)),
        (OPEN, (XIDS[1], "default", "mail", b"x", 0, due, None, 1, 0)),
    ]
    old = make(db.with_name("old.db"), FIRST + PRIORITIES, *rows)
    other = make(db.with_name("other.db"), FIRST + PRIORITIES, (OPEN, (XIDS[1], *good[1:3], b"y", *good[4:])))
    adc("import", str(other))

    done = adc("import", str(old))

    assert done.returncode == 1
    assert "imported 1 job to run and 0 dead letters; 0 known already, 6 that can't be stored" in done.stdout
    told = done.stderr.splitlines()
    assert len(told) == 6
    assert "job no-kind of release 0.2: expected a kind, got an empty text" in told[0]
    assert "\x1b" not in done.stderr
    assert f"job {XIDS[1]}" in told[-1]
    assert set(jobs(db)) == {XIDS[0], XIDS[1]}


def test_a_file_that_is_not_the_originals_is_refused(adc: Adc, db: Path) -> None:
    other = db.with_name("other.db")
    SqliteQueue.open(other).close()

    for file, said in ((other, "no tables of the Rust original"), (db.with_name("none.db"), "no such file")):
        done = adc("import", str(file))
        assert (done.returncode, done.stdout) == (1, "")
        assert said in done.stderr
    assert not db.exists()


def test_the_original_is_named_where_a_queue_is_expected(adc: Adc, db: Path) -> None:
    release_2(db)
    assert "adc_queue is a table here, so this is a file of the Rust original, aide-de-camp 0.2 (bincode payloads)" in (
        adc("list").stderr
    )
    db.unlink()
    make(db, SECOND, (DEAD_2, (UUIDS[0], "q", 1, "k", "{}", 0, 1, 1, 1, 1, 0, None, None)))
    said = adc("list").stderr
    assert "aide-de-camp 0.3 (JSON payloads, cron jobs); adc import copies its jobs" in said
    assert "adc import" in adc("import", str(db)).stderr
