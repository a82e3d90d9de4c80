"""What adc verify and adc rebuild say, and with which exit code; neither needs a file that adc can open."""

import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess

import apsw
import pytest

from adc.core.ids import Xid
from adc.kind import JobKind
from adc.queue import SqliteQueue

Adc = Callable[..., CompletedProcess[str]]
NOTE = JobKind("note", int)
ID = r"[0-9a-v]{20}"


@pytest.fixture
def jid(queue: SqliteQueue) -> Xid:
    """A job that waits, in jobs.db."""
    return queue.schedule(NOTE.new(7))


def edit(db: Path, statement: str) -> None:
    with closing(apsw.Connection(str(db))) as connection:
        connection.execute("DROP TRIGGER job_events_update; DROP TRIGGER job_events_delete").fetchall()
        connection.execute(statement)


def lose_row(db: Path) -> None:
    with closing(apsw.Connection(str(db))) as connection:
        connection.execute("DELETE FROM adc_jobs")


def test_a_sound_file_is_no_news(adc: Adc, jid: Xid) -> None:
    done = adc("verify")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert adc("verify", "jobs.db").returncode == adc("verify", "--db", "jobs.db", "--json").returncode == 0


def test_each_finding_is_a_line_with_its_law_its_job_and_its_event(adc: Adc, jid: Xid, db: Path) -> None:
    edit(db, "UPDATE job_events SET actor = 'some\none'")

    done = adc("verify", "jobs.db")

    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "schema: its trigger job_events_delete is missing",
        "schema: its trigger job_events_update is missing",
        f"chain: job {jid}, event 1: its digest isn't that of what it says: one of them was changed",
    ]
    assert done.stderr == "adc: 3 findings in jobs.db\n"


def test_json_has_an_object_a_line(adc: Adc, jid: Xid, db: Path) -> None:
    lose_row(db)

    done = adc("verify", "--json")

    assert done.returncode == 1
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"law": "state", "jid": jid, "seq": 1, "problem": "it has no row, though it is scheduled"}
    ]


def test_what_happened_to_the_database_is_told_as_its_own(adc: Adc, queue: SqliteQueue, db: Path) -> None:
    queue.pause("mail")
    edit(db, "UPDATE job_events SET actor = 'someone'")

    assert "chain: the database, event 1: " in adc("verify").stdout


def test_a_file_that_adc_does_not_open_is_checked(adc: Adc, here: Path) -> None:
    (here / "notes.txt").write_text("milk, eggs" * 100)

    done = adc("verify", "notes.txt")

    assert (done.returncode, done.stdout) == (1, "file: file is not a database\n")
    assert done.stderr == "adc: 1 finding in notes.txt\n"


@pytest.mark.parametrize("command", [("verify",), ("rebuild", "--dry-run"), ("rebuild", "--to", "new.db")])
def test_no_file_is_a_complaint_and_none_is_made(command: tuple[str, ...], adc: Adc, here: Path) -> None:
    before = sorted(here.iterdir())

    for file, why in (("none.db", "no such file"), (".", "this is a directory")):
        done = adc(command[0], file, *command[1:])
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"adc: {file}: {why}. Name the queue's file\n"

    assert sorted(here.iterdir()) == before


def test_a_dry_run_shows_each_row_that_would_change(adc: Adc, jid: Xid, db: Path) -> None:
    with closing(apsw.Connection(str(db))) as connection:
        connection.execute("UPDATE adc_jobs SET priority = 9, runner = 'me'")
    before = db.read_bytes()

    done = adc("rebuild", "--dry-run")

    assert (done.returncode, done.stdout) == (
        0,
        f"state: job {jid}, event 1: its row has priority 9, not 0, runner 'me', not NULL\n",
    )
    assert done.stderr == "adc: 1 row would be put right; 0 findings can't be\n"
    assert db.read_bytes() == before


def test_a_new_file_is_made_and_what_it_does_not_prove_is_shown(adc: Adc, jid: Xid, db: Path) -> None:
    lose_row(db)
    sound = adc("rebuild", "jobs.db", "--to", "new.db")
    edit(db, "UPDATE job_events SET body = x'00'")
    wrong = adc("rebuild", "jobs.db", "--to", "other.db")

    assert (sound.returncode, sound.stdout) == (0, "")
    assert sound.stderr == "adc: new.db has 1 event, and 1 job not over\n"
    assert adc("show", jid, "--db", "new.db").returncode == 0
    assert wrong.returncode == 1
    assert wrong.stdout.startswith(f"body: job {jid}, event 1: its ")
    assert wrong.stderr.splitlines() == [
        "adc: other.db has 1 event, and 0 jobs not over",
        "adc: 1 finding in it: what is in jobs.db doesn't prove those jobs, and nobody runs them",
    ]


def test_events_that_could_not_be_taken_over_are_counted(adc: Adc, jid: Xid, db: Path) -> None:
    edit(db, "UPDATE job_events SET actor = CAST(x'ff' AS TEXT)")

    done = adc("rebuild", "--to", "new.db")

    assert done.returncode == 1
    assert "adc: 1 event couldn't be taken over: something in such an event isn't text\n" in done.stderr


def test_in_place_rows_are_put_right_behind_a_backup(adc: Adc, jid: Xid, db: Path) -> None:
    lose_row(db)

    done = adc("rebuild", "--in-place")
    again = adc("rebuild", "--in-place", "--backup", "mine.db")

    assert (done.returncode, done.stdout) == (0, "")
    found = re.fullmatch(r"adc: 1 row put right; (jobs\.db\.backup-\d{8}T\d{6}Z) is jobs\.db as it was\n", done.stderr)
    assert found is not None
    assert adc("verify", found[1]).returncode == 1
    assert (again.returncode, again.stderr) == (0, "adc: nothing was wrong\n")
    assert not (db.parent / "mine.db").exists()


def test_in_place_nothing_is_changed_if_the_log_is_wrong(adc: Adc, jid: Xid, db: Path) -> None:
    with closing(apsw.Connection(str(db))) as connection:
        connection.execute("DELETE FROM adc_jobs; INSERT INTO adc_meta VALUES ('last_seq', '8')").fetchall()

    done = adc("rebuild", "--in-place", "--json")

    assert done.returncode == 1
    assert [json.loads(line)["law"] for line in done.stdout.splitlines()] == ["sequence"]
    assert done.stderr.startswith("adc: nothing was changed: ")
    assert "--to" in done.stderr


@pytest.mark.parametrize(
    "options",
    [(), ("--in-place", "--dry-run"), ("--to", "new.db", "--in-place"), ("--dry-run", "--backup", "b.db")],
)
def test_one_way_must_be_chosen(options: tuple[str, ...], adc: Adc, jid: Xid) -> None:
    assert adc("rebuild", "jobs.db", *options).returncode == 2
