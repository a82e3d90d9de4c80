"""adc prune and erase: what they say, and what they leave."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from adc.core.ids import DATABASE, Xid
from adc.core.instants import datetime_of
from adc.kind import JobKind
from adc.queue import SqliteQueue
from adc.system import SystemClock

Adc = Callable[..., CompletedProcess[str]]
NOTE = JobKind("note", int)


@pytest.fixture
def jids(db: Path) -> list[Xid]:
    """In jobs.db: one that waits, two that were cancelled just now."""
    with SqliteQueue.open(db) as queue:
        jids = [queue.schedule(NOTE.new(number)) for number in range(3)]
        for jid in jids[1:]:
            queue.cancel_job(jid)
    return jids


def test_it_says_how_many_are_gone(adc: Adc, jids: list[Xid]) -> None:
    done = adc("prune", "--done-before", "0s")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("removed 2 jobs that ended before 20")
    assert done.stdout.endswith("Z, 4 events\n")
    assert adc("list", "--json").stdout.count("jid") == 1
    assert adc("verify").returncode == 0
    told = adc("history", DATABASE).stdout
    assert "2 jobs over before 20" in told
    assert adc("history", jids[1]).returncode == 1


def test_what_is_younger_stays(adc: Adc, jids: list[Xid]) -> None:
    done = adc("prune", "--done-before", "30d")

    assert done.stdout.startswith("removed 0 jobs")
    assert len(adc("events", "--json").stdout.splitlines()) == 5


def test_a_dry_run_changes_nothing(adc: Adc, jids: list[Xid]) -> None:
    done = adc("prune", "--done-before", "now", "--dry-run")

    assert done.stdout.startswith("would remove 2 jobs that ended before 20")
    assert len(adc("events", "--json").stdout.splitlines()) == 5


def test_an_archive_is_read_by_the_same_commands(adc: Adc, jids: list[Xid], here: Path) -> None:
    before = adc("history", jids[1]).stdout

    done = adc("prune", "--done-before", "0s", "--archive", "old.db")

    assert done.returncode == 0
    assert done.stdout.startswith("moved 2 jobs that ended before 20")
    assert done.stdout.endswith("4 events, into old.db\n")
    assert "now in old.db" in adc("events").stdout
    assert adc("--db", "old.db", "history", jids[1]).stdout == before
    assert adc("--db", "old.db", "list", "--json").stdout.count("cancelled") == 2
    assert adc("--db", "old.db", "show", jids[2]).returncode == 0
    assert adc("--db", "old.db", "events", "--json").stdout.count("JobCancelled") == 2
    assert adc("--db", "old.db", "events", "--after", "1", "--json").stdout.count("JobScheduled") == 2
    assert (adc("verify", "old.db").stdout, adc("--db", "old.db", "stats").returncode) == ("", 0)


def test_in_an_archive_nothing_is_scheduled_or_run(adc: Adc, jids: list[Xid]) -> None:
    adc("prune", "--done-before", "0s", "--archive", "old.db")

    work, schedule = ("work", "shop:router", "--until-idle"), ("schedule", "note", "--unchecked", "7")
    for arguments in (work, schedule, ("erase", jids[1])):
        done = adc(arguments[0], "--db", "old.db", *arguments[1:])
        assert (done.returncode, done.stdout) == (1, "")
        assert "this is an archive of pruned jobs" in done.stderr


def test_json_says_the_same(adc: Adc, jids: list[Xid]) -> None:
    done = adc("prune", "--done-before", "0s", "--archive", "old.db", "--json")

    assert json.loads(done.stdout) == {"jobs": 2, "events": 4, "left": 0, "archive": "old.db"}


def test_what_another_queue_has_is_no_archive(adc: Adc, jids: list[Xid]) -> None:
    done = adc("prune", "--done-before", "0s", "--archive", "jobs.db")

    assert done.returncode == 1
    assert "it is a queue, and no archive" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--done-before"),
        (("--done-before", "soon"), "expected a duration"),
        (("--done-before", "2027-01-01T10:00"), "has no zone"),
        (("--done-before", "0s", "--dry-run", "--archive", "old.db"), "leave --archive out"),
    ],
)
def test_what_cannot_be_meant_is_refused(adc: Adc, jids: list[Xid], arguments: tuple[str, ...], says: str) -> None:
    done = adc("prune", *arguments)

    assert done.returncode == 2
    assert says in done.stderr


def test_an_age_before_all_time_is_a_complaint(adc: Adc, jids: list[Xid]) -> None:
    done = adc("prune", "--done-before", "999999999d")

    assert (done.returncode, done.stderr) == (1, "adc: that is before the year 1\n")


def test_a_moment_is_one_too(adc: Adc, jids: list[Xid]) -> None:
    now = datetime_of(SystemClock().now()).isoformat()

    assert adc("prune", "--done-before", now).stdout.startswith("removed 2 jobs")


def test_erase_removes_the_bytes_of_jobs_that_are_over(adc: Adc, jids: list[Xid]) -> None:
    done = adc("erase", *jids)

    assert done.returncode == 1
    assert done.stdout.splitlines() == [f"{jid} erased" for jid in jids[1:]]
    assert done.stderr == f"adc: job {jids[0]} is scheduled: only a job that is done, cancelled or dead can be erased\n"
    assert "PayloadErased" in adc("history", jids[1]).stdout
    assert adc("erase", jids[1]).returncode == 0
    assert adc("history", jids[1], "--json").stdout.count("PayloadErased") == 1
    assert adc("verify").returncode == 0


def test_erase_says_when_somebody_still_reads_the_bytes(adc: Adc, jids: list[Xid], db: Path) -> None:
    import apsw

    reader = apsw.Connection(str(db))
    reader.execute("SAVEPOINT reading")
    assert reader.execute("SELECT count(*) FROM job_events").get == 5

    done = adc("erase", jids[1])
    reader.close()

    assert (done.returncode, done.stdout) == (0, f"{jids[1]} erased\n")
    assert "the bytes are in -wal" in done.stderr
