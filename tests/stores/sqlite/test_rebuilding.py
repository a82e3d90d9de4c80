"""Rebuild: the rows follow from the log again, in a new file or in place; what it doesn't prove is never guessed."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from adc.core.ids import Xid
from adc.core.instants import Span
from adc.ports.trouble import ForeignFile, NoQueue, StoreDamaged, StoreTrouble
from adc.stores.sqlite.opening import open_store
from adc.stores.sqlite.pages import PAGE
from adc.stores.sqlite.rebuilding import Rebuilt, rebuild_into
from adc.stores.sqlite.righting import Righted, put_right
from adc.stores.sqlite.verifying import verify_file
from adc.testing.store_moves import Moves, order
from tests.faults.real_file import make_file

LOG = "SELECT * FROM job_events ORDER BY seq"
JOBS = "SELECT * FROM adc_jobs ORDER BY seq"
PAUSED = "SELECT * FROM adc_paused"
ROWS = (JOBS, PAUSED)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "jobs.db"
    make_file(path, jobs=39)
    return path


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path / "jobs.db"))


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return tmp_path / "new.db"


@pytest.fixture
def other(path: Path) -> Iterator[apsw.Connection]:
    """Not adc's; the triggers are gone."""
    with closing(apsw.Connection(str(path))) as connection:
        for name in ("insert", "update", "delete"):
            connection.execute(f"DROP TRIGGER job_events_{name}")
        yield connection


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(apsw.Connection(str(path))) as connection:
        return list(connection.execute(query))


def rebuild(path: Path, new: Path) -> Rebuilt:
    return rebuild_into(str(path), str(new))


def right(path: Path) -> Righted:
    return put_right(str(path), f"{path}.backup", Span(0))


def test_a_new_file_has_the_same_log_and_the_same_rows(path: Path, new: Path) -> None:
    rebuilt = rebuild(path, new)

    for query in (LOG, *ROWS, "SELECT * FROM adc_meta"):
        assert ask(new, query) == ask(path, query)
    assert rebuilt == Rebuilt(len(ask(path, LOG)), len(ask(path, JOBS)), 0)
    assert list(verify_file(str(new))) == []
    open_store(str(new), "normal", Span(0)).close()


@pytest.mark.parametrize(
    "damage",
    ["DELETE FROM adc_jobs", "DROP TABLE adc_jobs", "UPDATE adc_jobs SET attempt = 9", "DELETE FROM adc_paused"],
)
def test_rows_that_were_lost_or_changed_follow_from_the_log(
    damage: str, path: Path, new: Path, sound: Path, other: apsw.Connection
) -> None:
    other.execute(damage)

    rebuild(path, new)

    assert [ask(new, query) for query in (LOG, *ROWS)] == [ask(sound, query) for query in (LOG, *ROWS)]
    assert list(verify_file(str(new))) == []


def test_a_job_that_the_log_does_not_prove_has_no_row_and_its_events_stay(
    path: Path, new: Path, other: apsw.Connection
) -> None:
    """Nobody runs it, with a payload that may be another one."""
    ((jid, *_), *_) = ask(path, "SELECT jid FROM adc_jobs WHERE started_at IS NULL AND died_at IS NULL")
    other.execute("UPDATE job_events SET body = x'00' WHERE version = 1 AND jid = ?", (str(jid),))

    rebuild(path, new)

    assert ask(new, LOG) == ask(path, LOG)
    assert [row for row in ask(path, JOBS) if row not in ask(new, JOBS)] == [
        row for row in ask(path, JOBS) if jid in row
    ]
    assert [(finding.law, finding.jid) for finding in verify_file(str(new))] == [("body", jid)]


def test_events_that_are_gone_stay_gone(path: Path, new: Path, other: apsw.Connection) -> None:
    """The new file doesn't close the gap, nor forget that there was a last event."""
    ((last,),) = ask(path, "SELECT max(seq) FROM job_events")
    other.execute("UPDATE job_events SET actor = CAST(x'ff' AS TEXT) WHERE seq IN (7, ?)", (int(str(last)),))

    rebuild(path, new)

    assert ask(new, LOG) == ask(path, LOG.replace("ORDER", f"WHERE seq NOT IN (7, {last}) ORDER"))
    assert ask(new, "SELECT value FROM adc_meta WHERE key = 'last_seq'") == [(str(last),)]
    assert [finding.law for finding in verify_file(str(new))].count("sequence") == 2
    with closing(open_store(str(new), "normal", Span(0))) as store:
        Moves(store).schedule(order(1_000))
        assert store.last_seq() == int(str(last)) + 1


def test_where_events_are_missing_only_rows_that_agree_with_the_log_are_proved(
    path: Path, new: Path, other: apsw.Connection
) -> None:
    """The last events of a job that is over may be among those: it would be run again."""
    ((over, last), *_) = ask(path, "SELECT jid, seq FROM job_events WHERE type = 'JobDone'")
    other.execute("DELETE FROM job_events WHERE seq = ?", (int(str(last)),))
    other.execute("UPDATE adc_jobs SET attempt = 9 WHERE seq = 1")

    rebuild(path, new)

    assert ask(new, JOBS) == ask(path, f"{JOBS.replace(' ORDER', ' WHERE seq > 1 ORDER')}")
    assert ask(new, PAUSED) == ask(path, PAUSED)
    found = [(finding.law, finding.jid) for finding in verify_file(str(new))]
    assert found[0] == ("sequence", None)
    assert sorted(str(jid) for law, jid in found[1:] if law == "state") == sorted(
        [str(over), str(ask(path, "SELECT jid FROM job_events WHERE seq = 1")[0][0])]
    )


@pytest.mark.parametrize("damage", ["DROP TABLE adc_jobs", "DELETE FROM adc_paused"])
def test_where_events_are_missing_and_rows_too_nothing_is_proved_of_those(
    damage: str, path: Path, new: Path, other: apsw.Connection
) -> None:
    other.execute("DELETE FROM job_events WHERE seq = 3")
    other.execute(damage)

    rebuild(path, new)

    assert ask(new, PAUSED) == []
    assert {finding.law for finding in verify_file(str(new))} >= {"sequence", "paused"}


def test_a_log_that_is_lost_is_not_an_empty_one(path: Path, new: Path, other: apsw.Connection) -> None:
    other.execute("UPDATE job_events SET actor = CAST(x'ff' AS TEXT)")

    rebuild(path, new)

    assert ask(new, LOG) == ask(new, JOBS) == []
    assert [finding.law for finding in verify_file(str(new))] == ["sequence"]


def test_an_event_that_is_no_text_is_counted_and_not_taken_over(path: Path, new: Path, other: apsw.Connection) -> None:
    other.execute("UPDATE job_events SET actor = CAST(x'ff' AS TEXT) WHERE seq IN (3, 4)")

    rebuilt = rebuild(path, new)

    assert rebuilt.left_out == 2
    assert rebuilt.events == len(ask(new, LOG)) == len(ask(new, "SELECT seq FROM job_events WHERE seq NOT IN (3, 4)"))


def test_a_file_without_a_readable_log_gives_no_file(path: Path, new: Path, other: apsw.Connection) -> None:
    other.execute("ALTER TABLE job_events RENAME COLUMN data TO said")

    with pytest.raises(StoreDamaged, match="another one than adc makes"):
        rebuild(path, new)

    assert not new.exists()


def test_a_log_that_breaks_off_gives_no_file(path: Path, new: Path) -> None:
    ((root,),) = ask(path, "SELECT max(pageno) FROM dbstat WHERE name = 'job_events' AND pagetype = 'leaf'")
    content = bytearray(path.read_bytes())
    page = int(str(root))
    content[(page - 1) * PAGE : page * PAGE] = b"\xee" * PAGE
    path.write_bytes(content)

    with pytest.raises(StoreDamaged) as raised:
        rebuild(path, new)

    assert raised.value.path == str(path)
    assert [each.name for each in path.parent.iterdir()] == ["jobs.db"]


def test_no_file_is_overwritten(path: Path, new: Path) -> None:
    new.write_text("mine")

    with pytest.raises(StoreTrouble, match="there is a file of this name"):
        rebuild(path, new)

    assert new.read_text() == "mine"


def test_in_place_nothing_is_done_where_nothing_is_wrong(path: Path) -> None:
    content = path.read_bytes()

    assert right(path) == Righted(0, ())

    assert path.read_bytes() == content
    assert [each.name for each in path.parent.iterdir()] == ["jobs.db"]


WRONG = {
    "no rows": "DELETE FROM adc_jobs",
    "others": "UPDATE adc_jobs SET attempt = attempt + 1, queue = 'mine' WHERE seq % 2",
    "ids that aren't UTF-8": "UPDATE adc_jobs SET jid = CAST(x'ff' || seq AS TEXT) WHERE seq % 2",
    "rows too many": "INSERT INTO adc_jobs SELECT seq + 1000, jid || 'v', queue, job_type, payload_version, priority, "
    "scheduled_at, enqueued_at, started_at, attempt, retries, crashes, runner, cancel_asked_at, died_at, reason, "
    "version, head FROM adc_jobs",
    "each in the place of the other": "UPDATE adc_jobs SET seq = -1 WHERE seq = 1; "
    "UPDATE adc_jobs SET seq = 1 WHERE seq = 2; UPDATE adc_jobs SET seq = 2 WHERE seq = -1",
    "another pause": "DELETE FROM adc_paused; INSERT INTO adc_paused VALUES ('mine', 7)",
}


@pytest.mark.parametrize("damage", WRONG.values(), ids=WRONG)
def test_in_place_the_rows_are_put_right_and_the_file_as_it_was_is_kept(damage: str, path: Path, sound: Path) -> None:
    with closing(apsw.Connection(str(path))) as other:
        other.execute(damage).fetchall()
    findings = list(verify_file(str(path)))
    wrong = path.read_bytes()

    righted = right(path)

    assert righted == Righted(len(findings), ())
    assert list(verify_file(str(path))) == []
    assert [ask(path, query) for query in (LOG, *ROWS)] == [ask(sound, query) for query in (LOG, *ROWS)]
    assert list(verify_file(f"{path}.backup")) == findings
    assert Path(f"{path}.backup").stat().st_size == len(wrong)


def test_in_place_nothing_is_changed_where_the_log_does_not_prove_all(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as other:
        other.execute("INSERT INTO adc_meta VALUES ('last_seq', '999'); DELETE FROM adc_jobs").fetchall()
    content = path.read_bytes()

    righted = right(path)

    assert [finding.law for finding in righted.findings] == ["sequence"]
    assert path.read_bytes() == content
    assert [each.name for each in path.parent.iterdir()] == ["jobs.db"]


def test_in_place_no_backup_is_overwritten(path: Path) -> None:
    Path(f"{path}.backup").write_text("mine")
    with closing(apsw.Connection(str(path))) as other:
        other.execute("DELETE FROM adc_jobs")

    with pytest.raises(StoreTrouble, match="there is a file of this name"):
        right(path)

    assert Path(f"{path}.backup").read_text() == "mine"
    assert ask(path, JOBS) == []


def test_in_place_a_file_that_adc_does_not_open_stays_as_it_is(path: Path, other: apsw.Connection) -> None:
    with pytest.raises(ForeignFile):
        right(path)
    with pytest.raises(NoQueue):
        right(path.parent / "none.db")


def test_a_store_that_is_open_goes_on_with_what_was_put_right(path: Path, sound: Path) -> None:
    store = open_store(str(path), "normal", Span(0))
    with closing(apsw.Connection(str(path))) as other:
        other.execute("DELETE FROM adc_jobs")

    assert right(path).rows == len(ask(sound, JOBS))

    (waiting,) = ask(
        path, "SELECT jid FROM adc_jobs WHERE scheduled_at = 0 AND started_at IS NULL AND attempt = 0 LIMIT 1"
    )
    assert Moves(store).claim(Xid(str(waiting[0]))).attempt == 1
    assert list(store.verify()) == []
    store.close()
