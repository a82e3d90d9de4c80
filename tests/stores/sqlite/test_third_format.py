"""The third format: a file of the second one is migrated with all of its rows as they are, and goes on."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from adc.codec.events import encode_event
from adc.codec.timed import with_time
from adc.core.commands import Cancel
from adc.core.events import JobStarted
from adc.core.instants import Instant, Span
from adc.core.terms import Token
from adc.ports.store import PruneCount
from adc.stores.sqlite.migrations import ARCHIVE, FIRST, SECOND
from adc.stores.sqlite.opening import open_store
from adc.stores.sqlite.rebuilding import rebuild_into
from adc.stores.sqlite.righting import put_right
from adc.stores.sqlite.verifying import verify_file
from adc.testing.samples import RUNNER
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import NOW, Moves, completed, nth, order

OVER, RUNNING, WAITING, KEYED = map(nth, range(2, 6))
TABLES = ("job_events", "adc_jobs", "adc_runners", "adc_paused")
EVENT = "SELECT at, data FROM job_events WHERE seq = ?"
FLOOR = "SELECT value FROM adc_meta WHERE key = 'last_seq'"


def earlier(new: Path, old: Path, *steps: str) -> Path:
    """The same rows in a file of format 2."""
    with closing(apsw.Connection(str(old))) as connection:
        connection.create_scalar_function("whole", with_time)  # type: ignore[arg-type]
        connection.execute("".join((FIRST, SECOND, *steps)))
        connection.execute("ATTACH ? AS new", (str(new),))
        for table in TABLES:
            connection.execute(f"INSERT INTO {table} SELECT * FROM new.{table}")
        guard: str = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'job_events_update'").get
        connection.execute("DROP TRIGGER job_events_update; UPDATE job_events SET data = whole(at, data)")
        connection.execute(guard)
        connection.execute("INSERT INTO adc_meta SELECT * FROM new.adc_meta")
        connection.execute("UPDATE adc_meta SET value = '2' WHERE key IN ('format', 'min_reader')")
    return old


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of format 2: a pruned log, jobs that are over, run and wait, and a key."""
    new = tmp_path / "new.db"
    with closing(open_store(str(new), "normal", Span(0))) as store:
        moves = Moves(store)
        moves.schedule(order(1))
        moves.finish(nth(1))
        store.prune(Instant(NOW + 1), at=NOW, actor="test", cause=None)
        moves.schedule(order(2), order(3), order(4), order(5, key="k"))
        moves.claim(RUNNING)
        moves.finish(OVER)
    return earlier(new, tmp_path / "old.db")


def rows(path: Path) -> Sequence[object]:
    with closing(apsw.Connection(str(path))) as connection:
        return [connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in TABLES]


def ask(path: Path, query: str, *bindings: int) -> list[tuple[object, ...]]:
    with closing(apsw.Connection(str(path))) as connection:
        return list(connection.execute(query, bindings))


def migrate(path: Path) -> None:
    open_store(str(path), "normal", Span(0)).close()


def test_all_rows_are_what_they_were(old: Path) -> None:
    before = rows(old)

    migrate(old)

    assert rows(old) == before
    assert ask(old, "SELECT name FROM sqlite_sequence WHERE name = 'job_events'") == ask(old, FLOOR) == []
    assert list(verify_file(str(old))) == []


def test_life_goes_on_in_the_new_form_beside_the_old_one(old: Path) -> None:
    with closing(open_store(str(old), "normal", Span(0))) as store:
        moves = Moves(store)
        moves.must(completed(RUNNING, Token(1, RUNNER), b"null"))
        moves.claim(WAITING)
        with store.writing() as writing:
            holder = writing.holder("invoice", "k")
        assert holder is not None
        assert holder.jid == KEYED
        check_laws(store, [OVER, RUNNING, WAITING, KEYED])

    assert [str(data).startswith('{"at":') for (data,) in ask(old, "SELECT data FROM job_events ORDER BY seq")] == [
        True
    ] * 8 + [False] * 2
    assert ask(old, "SELECT data FROM job_events WHERE seq > 11 ORDER BY seq")[0] == ('{"attempt":1}',)
    assert list(verify_file(str(old))) == []


def test_a_number_whose_event_is_gone_is_never_used_again(old: Path) -> None:
    with closing(apsw.Connection(str(old))) as connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 40 WHERE name = 'job_events'")

    for _ in range(2):
        with closing(open_store(str(old), "normal", Span(0))) as store:
            assert store.last_seq() == 40
    assert ask(old, FLOOR) == [("40",)]
    with closing(open_store(str(old), "normal", Span(0))) as store:
        Moves(store).schedule(order(9))
        assert Moves(store).job(nth(9)).seq == store.last_seq() == 41
    assert [finding.law for finding in verify_file(str(old))] == ["sequence"]


def test_a_file_that_was_not_migrated_yet_is_verified_and_rebuilt(old: Path, tmp_path: Path) -> None:
    assert list(verify_file(str(old))) == []

    rebuilt = rebuild_into(str(old), str(tmp_path / "rebuilt.db"))

    assert (rebuilt.jobs, rebuilt.left_out) == (3, 0)
    assert rows(tmp_path / "rebuilt.db") == rows(old)
    with closing(apsw.Connection(str(old))) as connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 40 WHERE name = 'job_events'")
    assert [finding.law for finding in verify_file(str(old))] == ["sequence"]
    rebuild_into(str(old), str(tmp_path / "again.db"))
    assert ask(tmp_path / "again.db", FLOOR) == [("40",)]


def test_rows_that_were_lost_follow_from_a_log_of_both_forms(old: Path, tmp_path: Path) -> None:
    with closing(open_store(str(old), "normal", Span(0))) as store:
        Moves(store).claim(WAITING)
    before = rows(old)
    with closing(apsw.Connection(str(old))) as connection:
        connection.execute("DELETE FROM adc_jobs")

    assert put_right(str(old), str(tmp_path / "backup.db"), Span(0)).rows == 3

    assert rows(old) == before


@pytest.mark.parametrize("seq", [5, 12], ids=["in the old form", "in the new form"])
def test_a_time_that_was_edited_is_told(seq: int, old: Path) -> None:
    with closing(open_store(str(old), "normal", Span(0))) as store:
        Moves(store).claim(WAITING)
    with closing(apsw.Connection(str(old))) as connection:
        guard: str = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'job_events_update'").get
        connection.execute("DROP TRIGGER job_events_update")
        connection.execute("UPDATE job_events SET at = at + 1 WHERE seq = ?", (seq,))
        connection.execute(guard)

    assert [(finding.law, finding.seq) for finding in verify_file(str(old))] == [
        ("columns" if seq == 5 else "chain", seq)
    ]


def test_an_archive_in_which_keys_come_again_is_migrated(old: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive.db"
    with closing(open_store(str(old), "normal", Span(0))) as store:
        moves = Moves(store)
        for number in (20, 21):
            moves.schedule(order(number, key="again"))
            moves.finish(nth(number))
            store.prune(Instant(NOW + 1), at=NOW, actor="test", cause=None, archive=str(archive))
        outdated = earlier(archive, tmp_path / "outdated.db", ARCHIVE)
        before = rows(outdated)
        assert list(verify_file(str(outdated))) == []

        migrate(outdated)
        assert rows(outdated) == before

        moves.schedule(order(22, key="again"))
        moves.finish(nth(22))
        pruned = store.prune(Instant(NOW + 1), at=NOW, actor="test", cause=None, archive=str(outdated))

    assert pruned == PruneCount(1, 3)
    assert len(ask(outdated, "SELECT 1 FROM job_events WHERE key = 'again'")) == 3
    assert list(verify_file(str(outdated))) == list(verify_file(str(old))) == []


def test_what_an_application_has_beside_it_stays(old: Path) -> None:
    theirs = """
    CREATE TABLE kept (job TEXT REFERENCES adc_jobs (jid) ON DELETE CASCADE);
    INSERT INTO kept SELECT jid FROM adc_jobs;
    CREATE VIEW waiting AS SELECT jid FROM adc_queue JOIN job_events USING (jid) WHERE started_at IS NULL;
    """
    with closing(apsw.Connection(str(old))) as connection:
        connection.execute(theirs)
    before = ask(old, "SELECT * FROM kept"), ask(old, "SELECT * FROM waiting")

    migrate(old)

    assert (ask(old, "SELECT * FROM kept"), ask(old, "SELECT * FROM waiting")) == before


def test_the_time_of_an_event_is_written_once(tmp_path: Path) -> None:
    with closing(open_store(str(tmp_path / "jobs.db"), "normal", Span(0))) as store:
        moves = Moves(store)
        moves.schedule(order(1))
        moves.claim(nth(1))
        moves.must(Cancel(nth(1), NOW))

    started = JobStarted(NOW, 1, RUNNER)
    assert ask(tmp_path / "jobs.db", EVENT, 2) == [(NOW, f'{{"attempt":1,"runner":"{RUNNER}"}}')]
    assert with_time(NOW, f'{{"attempt":1,"runner":"{RUNNER}"}}') == encode_event(started)
    assert ask(tmp_path / "jobs.db", EVENT, 3) == [(NOW, "{}")]


def test_a_new_file_has_no_page_that_is_free(tmp_path: Path) -> None:
    migrate(tmp_path / "jobs.db")

    assert ask(tmp_path / "jobs.db", "PRAGMA freelist_count") == [(0,)]


def test_a_job_is_found_by_its_id_in_the_views_of_the_original(tmp_path: Path) -> None:
    migrate(tmp_path / "jobs.db")
    for view in ("adc_queue", "adc_dead_queue"):
        plan = ask(tmp_path / "jobs.db", f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE jid = 'x'")
        assert all(str(detail).startswith("SEARCH") for *_, detail in plan), plan
