"""backup: a sound copy of one moment while others write, that opens as a queue; or no file of that name at all."""

import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import apsw
import pytest

import adc
from adc.core.outcome import Success
from adc.stores.sqlite import backing_up
from adc.stores.sqlite.backing_up import back_up, back_up_file
from adc.stores.sqlite.migrations import FIRST
from adc.system import SystemClock
from adc.testing.fixed import FixedClock

NOTE = adc.JobKind("note", str, result=str)
OUT_OF_REACH = timedelta(days=1)

WRITER = """
import os, sys, adc
kind = adc.JobKind("note", str)
with adc.SqliteQueue.open(sys.argv[1], durability="normal") as queue:
    while True:
        queue.schedule(kind.new("x" * 500))
        os.write(1, b".")
"""
BACKER_UP = """
import sys, adc
from pathlib import Path
with adc.SqliteQueue.open(sys.argv[1]) as queue:
    print("ready", flush=True)
    for number in range(1_000_000):
        queue.backup(f"{sys.argv[2]}/{number}.db")
"""
router = adc.RunnerRouter()


@router.handles(NOTE)
def note(job: adc.Job[str]) -> str:
    return f"done {job.payload}"


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def is_sound(path: Path) -> bool:
    with adc.SqliteQueue.open(path) as copy:
        return list(copy.verify()) == []


@contextmanager
def writer(path: Path) -> Generator["subprocess.Popen[bytes]", None, None]:
    """Another process that writes all the time, a dot for each job that it has committed."""
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        yield process
        process.kill()


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def test_it_opens_as_a_queue_with_all_that_was_there(queue: adc.SqliteQueue, into: Path) -> None:
    done, too = queue.schedule_many(NOTE.new(name) for name in ("a", "b"))
    adc.JobRunner(queue, router, concurrency=1).run_until_idle()
    waits = queue.schedule(NOTE.new("c").after(OUT_OF_REACH))

    made = queue.backup(into / "b.db")

    assert made.path == str(into / "b.db")
    assert (made.events, made.jobs, made.bytes) == (7, 1, (into / "b.db").stat().st_size)
    with adc.SqliteQueue.open(into / "b.db") as copy:
        assert [copy.result(NOTE, jid) for jid in (done, too)] == [Success("done a"), Success("done b")]
        assert copy.history(waits) == queue.history(waits)
        assert list(copy.verify()) == []
        copy.schedule(NOTE.new("d"))
    assert names(into) == ["b.db"]
    assert queue.counts()["scheduled"] == 1


def test_how_long_it_took_is_by_the_queue_s_clock(queue: adc.SqliteQueue, clock: FixedClock, into: Path) -> None:
    assert queue.backup(into / "b.db").took == 0


def test_it_is_its_owner_s_alone(queue: adc.SqliteQueue, into: Path) -> None:
    before = os.umask(0)
    try:
        queue.backup(into / "b.db")
    finally:
        os.umask(before)

    assert stat.S_IMODE((into / "b.db").stat().st_mode) == 0o600
    assert (into / "b.db").stat().st_nlink == 1


@pytest.mark.parametrize("taken", ["b.db", "b.db-wal", "b.db-journal", "b.db-shm"])
def test_nothing_is_overwritten_nor_taken_for_a_part_of_it(queue: adc.SqliteQueue, into: Path, taken: str) -> None:
    (into / taken).write_text("precious")

    with pytest.raises(adc.AlreadyThere, match=f"there is a file .*{taken} already"):
        queue.backup(into / "b.db")

    assert names(into) == [taken]
    assert (into / taken).read_text() == "precious"


def test_a_rename_never_replaces_a_file(into: Path) -> None:
    for name in ("a", "b"):
        (into / name).write_text(name)

    with pytest.raises(FileExistsError):
        backing_up.is_renamed(str(into / "a"), str(into / "b"))

    assert [(into / name).read_text() for name in ("a", "b")] == ["a", "b"]
    assert backing_up.is_renamed(str(into / "a"), str(into / "c"))
    assert names(into) == ["b", "c"]


def test_a_file_that_appears_meanwhile_is_not_overwritten(into: Path, db: Path) -> None:
    adc.SqliteQueue.open(db).close()

    def copy(path: str) -> None:
        Path(path).write_bytes(db.read_bytes())
        (into / "b.db").write_text("precious")

    with pytest.raises(adc.AlreadyThere):
        back_up(str(db), str(into / "b.db"), SystemClock(), copy)

    assert (into / "b.db").read_text() == "precious"
    assert names(into) == ["b.db"]


def refuse(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("has_links", [True, False])
def test_where_the_system_can_rename_only_over_what_is_there_it_gets_its_name_all_the_same(
    queue: adc.SqliteQueue, into: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    monkeypatch.setattr(backing_up, "is_renamed", lambda *_: False)
    if not has_links:
        monkeypatch.setattr(os, "link", refuse)

    queue.backup(into / "b.db")

    assert is_sound(into / "b.db")
    assert names(into) == ["b.db"]


def test_beside_a_writer_it_comes_to_its_end_and_is_of_one_moment(queue: adc.SqliteQueue, db: Path, into: Path) -> None:
    """Left to itself, SQLite's backup begins anew whenever somebody writes."""
    queue.schedule_many(NOTE.new("x" * 20_000) for _ in range(600))
    with writer(db) as process:
        before = queue.counts()["scheduled"]
        made = queue.backup(into / "b.db")
        after = queue.counts()["scheduled"]
        assert process.poll() is None

    assert before <= made.jobs <= after
    assert before < after
    assert is_sound(into / "b.db")
    assert list(queue.verify()) == []


def test_what_ran_runs_again_in_the_copy_though_its_runner_lives(queue: adc.SqliteQueue, into: Path) -> None:
    """One that polls by hand gives no beat: nobody could see that it doesn't live there."""
    queue.schedule(NOTE.new("a"))
    claimed = queue.poll_next(NOTE)
    assert claimed is not None

    queue.backup(into / "b.db")

    with adc.SqliteQueue.open(into / "b.db") as copy:
        assert copy.runners() == ()
        adc.JobRunner(copy, router, concurrency=1).run_until_empty()
        assert copy.result(NOTE, claimed.job.jid) == Success("done a")
        assert [entry.type for entry in copy.history(claimed.job.jid)][2:] == ["JobCrashed", "JobStarted", "JobDone"]
    assert queue.counts()["started"] == 1
    claimed.complete("here")
    assert queue.result(NOTE, claimed.job.jid) == Success("here")


def test_a_restored_copy_takes_the_place_of_the_file(db: Path, into: Path) -> None:
    with adc.SqliteQueue.open(db) as queue:
        queue.schedule(NOTE.new("a"))
        queue.backup(into / "b.db")
        queue.schedule(NOTE.new("lost"))
        adc.JobRunner(queue, router, concurrency=1).run_until_idle()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{db}{suffix}").unlink(missing_ok=True)
    (into / "b.db").rename(db)

    with adc.SqliteQueue.open(db) as restored:
        adc.JobRunner(restored, router, concurrency=1).run_until_idle()
        assert restored.counts()["done"] == 1
        assert list(restored.verify()) == []


def test_both_prune_into_one_archive_until_they_differ(db: Path, into: Path) -> None:
    """They are one database, which went on twice: the archive has what both have, and no more of the second one."""
    with adc.SqliteQueue.open(db) as queue:
        queue.schedule(NOTE.new("a"))
        adc.JobRunner(queue, router, concurrency=1).run_until_idle()
        queue.backup(into / "b.db")
        moment = datetime.now(UTC) + OUT_OF_REACH
        queue.prune(done_before=moment, archive=into / "old.db")
        queue.schedule(NOTE.new("b"))
        adc.JobRunner(queue, router, concurrency=1).run_until_idle()
        queue.prune(done_before=moment, archive=into / "old.db")
    with adc.SqliteQueue.open(into / "b.db") as copy:
        copy.prune(done_before=moment, archive=into / "old.db")
        copy.schedule(NOTE.new("c"))
        adc.JobRunner(copy, router, concurrency=1).run_until_idle()
        with pytest.raises(adc.WrongArchive):
            copy.prune(done_before=moment, archive=into / "old.db")
        assert copy.counts()["done"] == 1
    assert is_sound(into / "old.db")


def test_an_archive_is_backed_up_as_one(queue: adc.SqliteQueue, clock: FixedClock, into: Path) -> None:
    queue.schedule(NOTE.new("a"))
    adc.JobRunner(queue, router, concurrency=1).run_until_idle()
    clock.advance(OUT_OF_REACH)
    queue.prune(done_before=clock.at, archive=into / "old.db")

    with adc.SqliteQueue.open(into / "old.db") as archive:
        assert archive.backup(into / "b.db").events == 3
    with adc.SqliteQueue.open(into / "b.db") as copy:
        assert copy.is_archive
        assert list(copy.verify()) == []


def test_a_queue_in_memory_becomes_a_file(into: Path) -> None:
    with adc.SqliteQueue.open(":memory:") as queue:
        queue.schedule(NOTE.new("a"))
        queue.backup(into / "b.db")

    with adc.SqliteQueue.open(into / "b.db") as copy:
        assert copy.counts()["scheduled"] == 1


def test_a_damaged_file_makes_no_backup(db: Path, into: Path) -> None:
    with adc.SqliteQueue.open(db) as queue:
        queue.schedule(NOTE.new("a"))
    with closing(apsw.Connection(str(db))) as other:
        other.execute("UPDATE adc_jobs SET priority = 7")
    with adc.SqliteQueue.open(db) as queue, pytest.raises(adc.UnsoundBackup, match=r"state: .*priority"):
        queue.backup(into / "b.db")

    assert names(into) == []


def test_a_directory_that_is_not_there_is_told(queue: adc.SqliteQueue, tmp_path: Path) -> None:
    with pytest.raises(adc.CannotOpen):
        queue.backup(tmp_path / "nowhere" / "b.db")


def test_in_a_write_transaction_it_is_refused(queue: adc.SqliteQueue, into: Path) -> None:
    with queue.store.writing(), pytest.raises(adc.StoreTrouble, match="is in a write transaction already"):
        queue.backup(into / "b.db")


def _limit() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))


def test_a_full_disk_leaves_no_file(db: Path, into: Path) -> None:
    with adc.SqliteQueue.open(db) as queue:
        queue.schedule_many(NOTE.new("x" * 20_000) for _ in range(200))
    program = (
        "import sys, adc\nfrom adc.stores.sqlite.backing_up import back_up_file\nfrom adc.system import SystemClock\n"
        "try: back_up_file(sys.argv[1], sys.argv[2], SystemClock())\n"
        "except adc.StoreFull as full: print(full.path, full.operation)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, db, into / "b.db"],
        capture_output=True, text=True, check=True, preexec_fn=_limit,
    )  # fmt: skip

    assert done.stdout == f"{into / 'b.db'} back up\n"
    assert names(into) == []
    assert is_sound(db)


def test_ctrl_c_leaves_no_file(into: Path, db: Path) -> None:
    adc.SqliteQueue.open(db).close()

    def interrupted(path: str) -> None:
        Path(path).write_bytes(db.read_bytes()[:4_096])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(str(db), str(into / "b.db"), SystemClock(), interrupted)

    assert names(into) == []


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment_it_leaves_sound_backups_only(seed: int, db: Path, into: Path) -> None:
    with adc.SqliteQueue.open(db) as queue:
        queue.schedule_many(NOTE.new("x" * 1_000) for _ in range(500))
    with subprocess.Popen([sys.executable, "-c", BACKER_UP, db, into], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05 + Random(seed).random() / 10)
        process.kill()

    made = [each for each in into.iterdir() if each.suffix == ".db"]
    assert all(map(is_sound, made)), f"seed {seed}"
    assert len([name for name in names(into) if name.endswith(".part")]) <= 1
    assert is_sound(db)


def test_an_older_format_is_copied_as_it_is(db: Path, into: Path) -> None:
    with closing(apsw.Connection(str(db))) as other:
        other.execute(FIRST)
        other.execute("INSERT INTO adc_meta VALUES ('format', '1'), ('min_reader', '1')")

    back_up_file(str(db), str(into / "b.db"), SystemClock())

    with closing(apsw.Connection(str(into / "b.db"))) as copy:
        assert copy.execute("SELECT value FROM adc_meta WHERE key = 'format'").fetchall() == [("1",)]
