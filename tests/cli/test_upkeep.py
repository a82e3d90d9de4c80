"""adc doctor, backup and compact: what they say, and how they end."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess

import apsw
import pytest

import adc as library

Adc = Callable[..., CompletedProcess[str]]
NOTE = library.JobKind("note", str)


@pytest.fixture
def db(here: Path) -> Path:
    """jobs.db, with a job."""
    path = here / "jobs.db"
    with library.SqliteQueue.open(path) as queue:
        queue.schedule(NOTE.new("a"))
    return path


def test_a_file_that_is_well_is_told_in_a_line_an_aspect(adc: Adc, db: Path) -> None:
    done = adc("doctor")

    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[1] for line in lines if not line.startswith(" ")] == [
        *("versions", "file", "durability", "runners", "locks", "readers", "wal", "space", "guards", "disk"),
        "permissions",
    ]
    assert lines[1].startswith("ok       file         a queue of format 3, with the id ")
    assert "                        0600 " in done.stdout


def test_what_is_not_well_is_told_with_what_to_do_and_exit_code_1(adc: Adc, db: Path) -> None:
    db.chmod(0o606)
    db.parent.chmod(0o755)

    done = adc("doctor", "jobs.db")

    assert done.returncode == 1
    assert "error    permissions  anybody may write jobs.db\n" in done.stdout
    assert done.stdout.endswith("                      chmod o= jobs.db\n")
    assert done.stderr == "adc: 1 error in jobs.db\n"


def test_for_programs_it_is_an_object_a_line(adc: Adc, db: Path) -> None:
    done = adc("doctor", "--json")

    found = {each["about"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert found["wal"]["numbers"] == {"bytes": 0, "waiting_bytes": 0}
    assert set(found["wal"]) == {"about", "severity", "says", "advice", "details", "numbers"}
    assert {each["severity"] for each in found.values()} == {"ok"}


def test_a_file_that_is_no_queue_is_looked_at(adc: Adc, here: Path) -> None:
    (here / "jobs.db").write_bytes(b"\x1b[31mno database" * 100)
    (here / "jobs.db").chmod(0o600)

    done = adc("doctor")

    assert done.returncode == 1
    assert "error    file         it can't be read: file is not a database\n" in done.stdout
    assert done.stderr == "adc: 1 error in jobs.db\n"


def test_where_there_is_no_file_that_is_said(adc: Adc, here: Path) -> None:
    for command in (("doctor",), ("backup", "b.db"), ("compact",)):
        done = adc(*command)

        assert done.returncode == 1
        assert done.stderr.startswith("adc: jobs.db: no such file. Name the queue's file")
    assert list(here.glob("*.db*")) == []


def test_a_backup_says_what_it_has(adc: Adc, db: Path) -> None:
    done = adc("backup", "b.db")

    size = f"{(db.parent / 'b.db').stat().st_size:,}"
    assert done.returncode == 0
    assert done.stdout.startswith(f"b.db is a sound copy of jobs.db: 1 event, 1 job not over, {size} bytes, in ")
    assert adc("--db", "b.db", "verify").returncode == 0
    assert adc("doctor", "b.db").returncode == 0


def test_a_backup_for_programs(adc: Adc, db: Path) -> None:
    made = json.loads(adc("backup", "b.db", "--json").stdout)

    assert (made["path"], made["events"], made["jobs"]) == (str(db.parent / "b.db"), 1, 1)
    assert set(made) == {"path", "events", "jobs", "bytes", "seconds"}


def test_a_backup_overwrites_nothing(adc: Adc, db: Path) -> None:
    before = db.read_bytes()

    done = adc("backup", "jobs.db")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("already. Nothing was written. Choose another name, or remove what is there.\n")
    assert db.read_bytes() == before


def test_a_backup_needs_a_name(adc: Adc, db: Path) -> None:
    assert adc("backup").returncode == 2


def test_a_backup_of_a_damaged_file_is_refused(adc: Adc, db: Path) -> None:
    with closing(apsw.Connection(str(db))) as other:
        other.execute("DELETE FROM adc_jobs")

    done = adc("backup", "b.db")

    assert done.returncode == 1
    assert "state: it has no row, though it is scheduled" in done.stderr
    assert done.stderr.endswith("No backup was made. See what `adc verify` says of the file itself.\n")
    assert not (db.parent / "b.db").exists()


def test_compact_says_what_it_was_and_is(adc: Adc, db: Path) -> None:
    with library.SqliteQueue.open(db) as queue:
        for jid in queue.schedule_many(NOTE.new("x" * 20_000) for _ in range(50)):
            queue.cancel_job(jid)
            queue.erase(jid)
    before = db.stat().st_size

    done = adc("compact")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{before:,} bytes before, {db.stat().st_size:,} bytes after\n"
    assert db.stat().st_size < before / 2
    assert set(json.loads(adc("compact", "--json").stdout)) == {"before", "after", "free", "wal", "gives_back"}


def test_compact_says_what_it_cannot_do(adc: Adc, here: Path) -> None:
    with closing(apsw.Connection(str(here / "jobs.db"))) as application:
        application.execute("CREATE TABLE orders (what TEXT)")
        application.execute(library.SCHEMA_SQL)
    with library.SqliteQueue.open(here / "jobs.db") as queue:
        for jid in queue.schedule_many(NOTE.new("x" * 20_000) for _ in range(50)):
            queue.cancel_job(jid)
            queue.erase(jid)

    done = adc("compact")

    assert done.returncode == 0
    assert "bytes are free in it and stay, as adc didn't make the file." in done.stderr
    assert done.stderr.endswith("stop all that uses it, then: python -m apsw jobs.db VACUUM\n")
