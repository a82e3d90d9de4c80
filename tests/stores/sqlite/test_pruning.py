"""Pruning a file: what the archive has, wherever the process ends in between; and nobody else can take anything."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest

from adc.core.commands import Cancel, Redrive
from adc.core.database import Pause, Pruned
from adc.core.instants import Instant, Span
from adc.ports.store import PruneCount, Writing
from adc.ports.trouble import ReadOnlyArchive, StoreTrouble, WrongArchive
from adc.shell import change_database
from adc.stores.sqlite.opening import open_connection, open_store
from adc.stores.sqlite.pruning import Asked, Pruner
from adc.stores.sqlite.rebuilding import rebuild_into
from adc.stores.sqlite.righting import put_right
from adc.stores.sqlite.rows import Row
from adc.stores.sqlite.store import SqliteStore
from adc.stores.sqlite.unguarded import KEEPS, TAKES, unguarded
from adc.stores.sqlite.verifying import verify_file
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import ACTOR, NOW, Moves, died, nth, order
from tests.stores.sqlite.prune_victim import MOMENT, POINTS

ROOT = Path(__file__).parent.parent.parent.parent
ALL = [nth(number) for number in range(1_300)]
_EVENTS = "SELECT * FROM job_events ORDER BY seq"
_COPY_ROW = """
INSERT INTO adc_jobs SELECT (SELECT seq FROM job_events WHERE jid = ?1 AND version = 1), ?1, queue, job_type,
    payload_version, priority, scheduled_at, enqueued_at, started_at, attempt, retries, crashes, runner,
    cancel_asked_at, died_at, reason, version, head FROM adc_jobs LIMIT 1
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "old.db"


def fill(moves: Moves, jobs: int = 10) -> None:
    """All but the first three jobs are over: one waits, one runs, one is dead; the last one was cancelled."""
    moves.schedule(*(order(n, key=str(n), payload=b"payload %d" % n) for n in range(jobs)))
    for jid in ALL[3 : jobs - 1]:
        moves.finish(jid, b"result of " + jid.encode())
    moves.must(Cancel(ALL[jobs - 1], NOW))
    moves.claim(ALL[1])
    moves.must(died(ALL[2], moves.claim(ALL[2])))


def prune(store: object, archive: Path | None = None) -> PruneCount:
    assert isinstance(store, SqliteStore)
    return store.prune(MOMENT, at=NOW, actor=ACTOR, cause=None, archive=None if archive is None else str(archive))


def events(path: Path) -> list[Row]:
    with closing(apsw.Connection(str(path))) as connection:
        return [row for row in connection.execute(_EVENTS).fetchall() if row[1] != "0" * 20]


@contextmanager
def archived(path: Path) -> Iterator[SqliteStore]:
    with closing(open_store(str(path), "full", Span(0), "refuse")) as store:
        yield store


def test_an_archive_is_read_as_the_queue_was(moves: Moves, path: Path, archive: Path) -> None:
    fill(moves)
    over = ALL[3:10]
    jobs, histories = moves.store.load(over), {jid: moves.store.history(jid) for jid in over}
    bodies = {(jid, version): moves.store.body(jid, version) for jid in over for version in (1, 3)}
    before = events(path)

    assert prune(moves.store, archive) == PruneCount(7, 6 * 3 + 2)

    assert sorted(events(path) + events(archive)) == before
    with archived(archive) as old:
        assert old.is_archive()
        assert old.load(over) == jobs
        assert {jid: old.history(jid) for jid in over} == histories
        assert {place: old.body(*place) for place in bodies} == bodies
        assert list(old.verify()) == []
    assert not moves.store.is_archive()  # type: ignore[attr-defined]
    assert list(verify_file(str(path))) == []
    check_laws(moves.store, ALL[:10])
    told = [each.event for each in moves.store.database_history()]
    assert told == [Pruned(NOW, 6, 18, MOMENT, "old.db"), Pruned(NOW, 1, 2, MOMENT, "old.db")]


def test_an_archive_grows_and_keys_come_again(moves: Moves, archive: Path) -> None:
    for number in range(3):
        moves.schedule(order(number, key="the same"))
        moves.finish(nth(number))
        assert prune(moves.store, archive) == PruneCount(1, 3)

    with archived(archive) as old:
        assert len(old.events(0, 100)) == 9
        assert list(old.verify()) == []


@pytest.mark.parametrize("point", POINTS)
def test_wherever_a_prune_is_killed_each_event_is_in_one_file_at_least(
    connection: apsw.Connection, moves: Moves, path: Path, archive: Path, point: str
) -> None:
    fill(moves, 1_300)
    before = events(path)
    connection.close()

    line = (sys.executable, "-m", "tests.stores.sqlite.prune_victim", str(path), str(archive), point)
    killed = subprocess.run(line, cwd=ROOT, check=False, capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr

    there, kept = events(path), events(archive)
    assert set(there + kept) == set(before)
    assert len(there) + len(kept) - len(before) == (0 if point == "committed" else 1_500)
    assert list(verify_file(str(path))) == list(verify_file(str(archive))) == []
    with closing(open_store(str(path), "normal", Span(0))) as store:
        prune(store, archive)
        check_laws(store, ALL)
        assert prune(store, archive) == PruneCount()
    assert sorted(events(path) + events(archive)) == before
    assert len(events(path)) == 6
    assert list(verify_file(str(path))) == list(verify_file(str(archive))) == []


def test_what_is_erased_after_a_prune_broke_off_is_erased_in_the_archive(
    moves: Moves, connection: apsw.Connection, path: Path, archive: Path
) -> None:
    fill(moves)
    with pytest.raises(ZeroDivisionError):
        _prune_but(moves, path, archive)
    assert b"payload 5" in archive.read_bytes()
    moves.erase(ALL[5])

    assert prune(moves.store, archive).jobs == 7

    with archived(archive) as old:
        assert (old.body(ALL[5], 1), len(old.history(ALL[5]))) == (None, 4)
        assert old.body(ALL[6], 1) == b"payload 6"
        assert list(old.verify()) == []
    assert b"payload 5" not in archive.read_bytes()


def _prune_but(moves: Moves, path: Path, archive: Path) -> None:
    @contextmanager
    def writing() -> Iterator[Writing]:
        with moves.store.writing() as opened:
            yield opened
            raise ZeroDivisionError

    store = moves.store
    assert isinstance(store, SqliteStore)
    with unguarded(store._connection):
        Pruner(store._connection, str(path), writing).prune(Asked(MOMENT, NOW, ACTOR, None, str(archive)))


def test_a_job_that_is_erased_meanwhile_is_archived_as_erased(moves: Moves, path: Path, archive: Path) -> None:
    fill(moves)
    store, begun = moves.store, list[int]()
    assert isinstance(store, SqliteStore)

    @contextmanager
    def writing() -> Iterator[Writing]:
        if not begun:
            begun.append(1)
            with closing(open_store(str(path), "normal", Span(0))) as other:
                Moves(other).erase(ALL[5])
        with store.writing() as opened:
            yield opened

    with unguarded(store._connection):
        count = Pruner(store._connection, str(path), writing).prune(Asked(MOMENT, NOW, ACTOR, None, str(archive)))

    assert count == PruneCount(7, 21)
    with archived(archive) as old:
        assert (old.body(ALL[5], 1), len(old.history(ALL[5]))) == (None, 4)
        assert list(old.verify()) == []
    check_laws(store, ALL[:10])


def test_in_an_archive_nothing_is_changed(moves: Moves, archive: Path, tmp_path: Path) -> None:
    fill(moves)
    prune(moves.store, archive)
    before = events(archive)

    with archived(archive) as old:
        changes = (
            lambda: Moves(old).schedule(order(99)),
            lambda: Moves(old).erase(ALL[5]),
            lambda: prune(old),
            lambda: prune(old, tmp_path / "older.db"),
        )
        for change in changes:
            with pytest.raises(ReadOnlyArchive, match="an archive of pruned jobs"):
                change()
    for rebuild in (
        lambda: rebuild_into(str(archive), str(tmp_path / "new.db")),
        lambda: put_right(str(archive), str(tmp_path / "backup.db"), Span(0)),
    ):
        with pytest.raises(ReadOnlyArchive):
            rebuild()
    assert events(archive) == before
    assert not {"older.db", "new.db", "backup.db"} & {each.name for each in tmp_path.iterdir()}


def test_another_file_is_no_archive_of_this_queue(moves: Moves, path: Path, tmp_path: Path) -> None:
    fill(moves)
    of_another = tmp_path / "of_another.db"
    with closing(open_store(str(tmp_path / "other.db"), "normal", Span(0))) as other:
        Moves(other).schedule(order(1))
        Moves(other).finish(nth(1))
        prune(other, of_another)
    before = events(path)

    with pytest.raises(WrongArchive, match="a queue, and no archive"):
        prune(moves.store, path)
    with pytest.raises(WrongArchive, match="a queue, and no archive"):
        prune(moves.store, tmp_path / "other.db")
    with pytest.raises(WrongArchive, match="of another queue"):
        prune(moves.store, of_another)
    assert events(path) == before


def test_an_archive_has_one_job_of_an_id(moves: Moves, path: Path, archive: Path, tmp_path: Path) -> None:
    """The same NewJob was scheduled again, after it had been pruned."""
    for _ in range(2):
        moves.schedule(order(1))
        moves.finish(nth(1))
        if _ == 0:
            prune(moves.store, archive)

    with pytest.raises(WrongArchive, match=f"another job with the id {nth(1)}"):
        prune(moves.store, archive)
    assert len(moves.store.history(nth(1))) == 3
    assert prune(moves.store, tmp_path / "next.db") == PruneCount(1, 3)
    with archived(archive) as old:
        assert [each.seq for each in old.history(nth(1))] == [1, 2, 3]


def test_what_the_log_does_not_prove_stays(moves: Moves, other: apsw.Connection, path: Path, archive: Path) -> None:
    fill(moves)
    other.execute("DROP TRIGGER job_events_update; DROP TRIGGER job_events_delete").fetchall()
    other.execute(
        "UPDATE job_events SET data = replace(data, '1', '2') WHERE jid = ? AND type = 'JobStarted'", (ALL[4],)
    )
    other.execute("UPDATE job_events SET actor = CAST(x'ff' AS TEXT) WHERE jid = ? AND version = 2", (ALL[5],))
    other.execute("DELETE FROM job_events WHERE jid = ? AND version = 2", (ALL[6],))
    with closing(apsw.Connection(str(path))) as fresh:
        fresh.execute(_COPY_ROW, (ALL[7],))
    _restore(other)

    assert prune(moves.store, archive) == PruneCount(3, 8, left=4)

    left = [jid for jid in ALL[3:10] if other.execute("SELECT 1 FROM job_events WHERE jid = ?", (jid,)).get]
    assert left == ALL[4:8]


def _restore(other: apsw.Connection) -> None:
    with closing(open_connection(":memory:", "full", Span(0))) as sound:
        for (sql,) in sound.execute(
            "SELECT sql FROM sqlite_schema WHERE name IN ('job_events_update', 'job_events_delete')"
        ):
            other.execute(sql)


def test_only_a_connection_of_a_prune_can_take_events(moves: Moves, other: apsw.Connection, path: Path) -> None:
    fill(moves)
    with closing(open_connection(str(path), "normal", Span(0))) as pruning:
        with unguarded(pruning):
            for statement in (
                "DELETE FROM adc_jobs",
                "UPDATE job_events SET actor = ''",
                "UPDATE adc_meta SET value = '9'",
                "INSERT INTO adc_paused VALUES ('q', 1)",
                "DROP TRIGGER job_events_delete",
                "PRAGMA journal_mode = DELETE",
                "PRAGMA writable_schema = ON",
                "ATTACH ':memory:' AS a",
                "CREATE TABLE t (a)",
                "VACUUM",
            ):
                with pytest.raises(apsw.AuthError):
                    pruning.execute(statement)
            with pytest.raises(apsw.AuthError):
                moves.store._connection.execute("DELETE FROM job_events")  # type: ignore[attr-defined]
            with pytest.raises(apsw.ConstraintError, match="append-only"):
                other.execute("DELETE FROM job_events")
        with pytest.raises(apsw.AuthError):
            pruning.execute("DELETE FROM job_events")
        pruning.authorizer = None
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            pruning.execute("DELETE FROM job_events")
    assert KEEPS > TAKES
    check_laws(moves.store, ALL[:10])


def test_a_queue_in_memory_is_guarded_again(archive: Path) -> None:
    with closing(open_store(":memory:", "full", Span(0))) as store:
        fill(Moves(store))
        assert prune(store, archive) == PruneCount(7, 20)
        check_laws(store, ALL[:10])
        with pytest.raises(apsw.AuthError):
            store._connection.execute("DELETE FROM job_events")
        store._connection.authorizer = None
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            store._connection.execute("DELETE FROM job_events")
        assert store.scrub()
    assert list(verify_file(str(archive))) == []


def test_the_file_becomes_smaller(moves: Moves, path: Path) -> None:
    moves.schedule(*(order(n, payload=b"x" * 10_000) for n in range(500)))
    moves.must(*(Cancel(jid, NOW) for jid in ALL[:500]))
    moves.store.scrub()
    assert path.stat().st_size > 5_000_000

    prune(moves.store)

    assert path.stat().st_size < 200_000
    assert Path(f"{path}-wal").stat().st_size == 0


def test_a_file_of_somebody_else_keeps_its_pages(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(apsw.Connection(str(path))) as theirs:
        theirs.execute("CREATE TABLE theirs (a)")
    with closing(open_store(str(path), "normal", Span(0))) as store:
        fill(Moves(store))
        assert prune(store, tmp_path / "old.db") == PruneCount(7, 20)
    assert list(verify_file(str(path))) == []


def test_within_a_transaction_a_prune_is_refused(moves: Moves) -> None:
    with pytest.raises(StoreTrouble, match="in a write transaction already"), moves.store.writing():
        prune(moves.store)


def test_two_prunes_at_once_take_each_job_once(moves: Moves, path: Path, archive: Path, tmp_path: Path) -> None:
    fill(moves)
    store, begun = moves.store, list[PruneCount]()
    assert isinstance(store, SqliteStore)

    @contextmanager
    def writing() -> Iterator[Writing]:
        if not begun:
            with closing(open_store(str(path), "normal", Span(0))) as other:
                begun.append(prune(other, tmp_path / "theirs.db"))
        with store.writing() as opened:
            yield opened

    with unguarded(store._connection):
        count = Pruner(store._connection, str(path), writing).prune(Asked(MOMENT, NOW, ACTOR, None, str(archive)))

    assert (begun, count) == ([PruneCount(7, 20)], PruneCount())
    check_laws(store, ALL[:10])
    assert list(verify_file(str(archive))) == list(verify_file(str(tmp_path / "theirs.db"))) == []


def test_verify_sees_what_a_prune_does_not_account_for(moves: Moves, path: Path, archive: Path) -> None:
    fill(moves)
    prune(moves.store, archive)
    for each, jid in ((path, ALL[0]), (archive, ALL[5])):
        with closing(apsw.Connection(str(each))) as other:
            other.execute("DROP TRIGGER job_events_delete")
            other.execute("DELETE FROM job_events WHERE jid = ?", (jid,))
            other.execute("DELETE FROM adc_jobs WHERE jid = ?", (jid,))

    assert [finding.problem for finding in verify_file(str(path)) if finding.law == "sequence"] == [
        "there are 7 events, and 20 were pruned, though the last one has the number 28"
    ]
    assert [finding.problem for finding in verify_file(str(archive)) if finding.law == "sequence"] == [
        "there are 17 events, though adc_meta says that 20 were archived"
    ]


def test_numbers_go_on_though_all_that_had_them_is_pruned(moves: Moves, path: Path) -> None:
    """The event that tells of it is the last one, in the database's own stream, of which nothing is taken."""
    with moves.store.writing() as writing:
        change_database(writing, Pause(NOW, "mail"), actor="test")
    given = [moves.store.last_seq()]
    for number in range(3):
        moves.schedule(order(number))
        moves.finish(nth(number))
        given.append(moves.store.last_seq())
        assert prune(moves.store) == PruneCount(1, 3)
        assert events(path) == []
        with closing(open_store(str(path), "normal", Span(0))) as fresh:
            given.append(fresh.last_seq())

    assert given == [1, 4, 5, 8, 9, 12, 13]
    assert [each.seq for each in moves.store.database_history()] == [1, 5, 9, 13]
    assert list(verify_file(str(path))) == []


def test_a_pruned_queue_can_be_rebuilt(moves: Moves, path: Path, tmp_path: Path) -> None:
    fill(moves)
    prune(moves.store)
    made = tmp_path / "made.db"

    rebuilt = rebuild_into(str(path), str(made))

    assert (rebuilt.jobs, rebuilt.left_out) == (3, 0)
    assert list(verify_file(str(made))) == []
    with closing(open_store(str(made), "normal", Span(0))) as store:
        Moves(store).must(Redrive(ALL[2], NOW, Instant(NOW)))
        check_laws(store, ALL[:10])
