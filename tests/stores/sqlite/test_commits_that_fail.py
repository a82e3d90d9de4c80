"""Commits that fail: the file is read again, so that a write has succeeded, or hasn't; seldom nobody can tell."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

import adc
from adc.core.events import CancelAsked
from adc.core.instants import Instant
from adc.core.states import Absent
from adc.ports.trouble import DiskError, NotCommitted, OutcomeUnknown, StoreFull, StoreTrouble, VersionConflict
from adc.stores.sqlite.store import SqliteStore
from tests.elsewhere import copied
from tests.faults.failing_disk import Fault, failing_disk

KIND = adc.JobKind("k", str)


@pytest.fixture
def fault() -> Fault:
    return Fault()


@pytest.fixture
def queue(fault: Fault, path: Path) -> Iterator[adc.SqliteQueue]:
    with failing_disk(fault), adc.SqliteQueue.open(path) as queue:
        queue.schedule(KIND.new("first"))
        yield queue
        fault.armed = False


def connection_of(queue: adc.SqliteQueue) -> apsw.Connection:
    assert isinstance(queue.store, SqliteStore)
    return queue.store._connection


def after_a_crash(path: Path, tmp_path: Path) -> int:
    """How many jobs there are in a copy of what is on disk now: its log of commits is read from the start."""
    copy = tmp_path / "crashed.db"
    for suffix in ("", "-wal"):
        copied(Path(f"{path}{suffix}"), Path(f"{copy}{suffix}"))
    with adc.SqliteQueue.open(copy) as queue:
        assert list(queue.verify()) == []
        return sum(queue.counts().values())


def arm(fault: Fault, kind: str, *, at: int = 0, for_ever: bool = False) -> None:
    fault.at, fault.kind, fault.lasting = at, kind, "for ever" if for_ever else "once"
    fault.arm()


@pytest.mark.parametrize("late", [False, True], ids=["at once", "when it was done"])
def test_a_sync_that_fails_leaves_nothing_not_after_a_crash_either(
    queue: adc.SqliteQueue, fault: Fault, path: Path, tmp_path: Path, late: bool
) -> None:
    """SQLite has written the whole commit by then: opened anew after a crash the file would have it."""
    before, fault.after = connection_of(queue), late
    arm(fault, "IOERR_FSYNC")

    with pytest.raises(DiskError, match="Nothing was committed"):
        queue.schedule(KIND.new("second"))

    assert fault.hits == 1
    assert after_a_crash(path, tmp_path) == sum(queue.counts().values()) == 1
    assert connection_of(queue) is not before  # the system may have forgotten what it couldn't write
    with pytest.raises(apsw.ConnectionClosedError):
        before.in_transaction  # noqa: B018  it is closed
    queue.schedule(KIND.new("third"))
    assert after_a_crash(path, tmp_path) == 2


def test_while_nobody_can_tell_the_outcome_is_unknown_and_the_same_again_is_safe(
    queue: adc.SqliteQueue, fault: Fault, path: Path, tmp_path: Path
) -> None:
    job = KIND.new("second")
    arm(fault, "IOERR_FSYNC", for_ever=True)

    with pytest.raises(OutcomeUnknown) as raised:
        queue.schedule(job)

    assert raised.value.jids == (job.jid,)
    assert str(job.jid) in str(raised.value)
    fault.armed = False
    assert after_a_crash(path, tmp_path) in (1, 2)
    assert queue.schedule(job) == job.jid
    assert after_a_crash(path, tmp_path) == sum(queue.counts().values()) == 2


def test_a_commit_that_is_there_all_the_same_has_succeeded(
    queue: adc.SqliteQueue, fault: Fault, path: Path, tmp_path: Path
) -> None:
    """It is the checkpoint after it that fails."""
    before = connection_of(queue)
    before.authorizer = None  # adc itself never says that
    before.execute("PRAGMA wal_autocheckpoint = 1").fetchall()
    fault.at = -1
    fault.arm()
    queue.schedule(KIND.new("second"))
    fault.spared = fault.calls.count("xSync") - 1
    arm(fault, "IOERR_FSYNC")

    queue.schedule(KIND.new("third"))

    assert fault.hits == 1
    assert connection_of(queue) is not before
    assert after_a_crash(path, tmp_path) == sum(queue.counts().values()) == 3


def test_a_disk_that_is_full_at_the_commit_is_told_as_that(queue: adc.SqliteQueue, fault: Fault) -> None:
    before = connection_of(queue)
    for at in range(4):
        arm(fault, "FULL", at=at)
        with pytest.raises(StoreFull, match=r"Nothing was committed\. Make room") as raised:
            queue.schedule(KIND.new("second"))
        assert (raised.value.operation, fault.hits) == ("commit", 1)

    fault.armed = False
    assert sum(queue.counts().values()) == 1
    assert connection_of(queue) is before
    queue.schedule(KIND.new("second"))


def test_what_lacked_memory_is_not_taken_for_damaged_later(queue: adc.SqliteQueue, fault: Fault) -> None:
    for at in range(20):
        arm(fault, "NOMEM", at=at, for_ever=True)
        with pytest.raises(StoreTrouble):
            queue.schedule(KIND.new("second"))
            raise OutcomeUnknown("", "", "the call wasn't made")
        fault.armed = False
        queue.schedule(KIND.new("third"))
    assert list(queue.verify()) == []


@pytest.mark.parametrize(
    "error",
    [
        NotCommitted("q.db", "apply", "no", 1),
        StoreFull("q.db", "commit", "full", 13),
        OutcomeUnknown("q.db", "commit", "it failed", 10, (adc.Xid("dc2l1nfqfpu0ohj0gtb0"),), passing=True),
        VersionConflict(adc.Xid("dc2l1nfqfpu0ohj0gtb0"), 3),
        adc.LogPruned(1, 5),
        adc.ReportsUnstored(3),
        adc.HandlersHang(3),
        adc.ImpossibleHistory(CancelAsked(Instant(1)), Absent()),
        adc.DamagedEvent(adc.Xid("dc2l1nfqfpu0ohj0gtb0"), 1, 2, "no JSON"),
        adc.PayloadRefused("k", "$", "no"),
        adc.Refused(adc.Xid("dc2l1nfqfpu0ohj0gtb0"), adc.JidTaken(adc.Xid("dc2l1nfqfpu0ohj0gtb0"))),
    ],
    ids=lambda error: type(error).__name__,
)
def test_troubles_can_be_sent_to_other_processes(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_of_many_jobs_a_few_are_shown() -> None:
    jids = [KIND.new("x").jid for _ in range(5)]

    assert str(OutcomeUnknown("q.db", "commit", "it failed", 10, jids)).endswith(
        f"It concerns {jids[0]}, {jids[1]}, {jids[2]} and 2 more."
    )
