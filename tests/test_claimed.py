"""A claimed job: what its holder may say of it, and that only its holder is heard."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Literal

import pytest
from typing_extensions import override

from adc.claimed import Claimed
from adc.core.ids import Xid
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import LeaseLost
from adc.core.retry import fixed
from adc.core.states import Absent, state_name
from adc.handling.notdone import Permanent, ResultRefused, Snooze, Transient
from adc.kind import JobKind
from adc.ports.trouble import OutcomeUnknown
from adc.queue import SqliteQueue, StoreQueue
from adc.stores.memory import MemoryStore
from adc.testing.fixed import START, FixedClock, FixedDice

SUM = JobKind("sum", list[int], result=int, retry=fixed(timedelta(seconds=10), max_retries=1, jitter=False))
RAW = JobKind("raw", bytes, result=bytes)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def told(queue: SqliteQueue, jid: Xid) -> tuple[str, list[str]]:
    """What the state table says of a job, and what the log says happened."""
    state = queue.store.load((jid,))[jid].state
    name = "absent" if isinstance(state, Absent) else state_name(state)
    return name, [entry.type for entry in queue.history(jid)]


@pytest.fixture
def claimed(queue: SqliteQueue) -> Claimed[list[int], int]:
    queue.schedule(SUM.new([1, 2]))
    found = queue.poll_next(SUM)
    assert found is not None
    return found


Report = Callable[[Claimed[list[int], int]], Outcome[None, LeaseLost]]

REPORTS: dict[str, tuple[Report, str, str]] = {
    "complete": (lambda claimed: claimed.complete(3), "done", "JobDone"),
    "fail": (lambda claimed: claimed.fail(Transient("busy")), "scheduled", "JobRetried"),
    "fail for good": (lambda claimed: claimed.fail(Permanent("wrong")), "dead", "JobDied"),
    "snooze": (lambda claimed: claimed.snooze(HOUR), "scheduled", "JobSnoozed"),
    "fail with a snooze": (lambda claimed: claimed.fail(Snooze(HOUR)), "scheduled", "JobSnoozed"),
}


@pytest.mark.parametrize(("report", "state", "event"), REPORTS.values(), ids=REPORTS)
def test_a_report_ends_the_attempt(
    queue: SqliteQueue, claimed: Claimed[list[int], int], report: Report, state: str, event: str
) -> None:
    assert report(claimed) == Success(None)

    assert told(queue, claimed.job.jid) == (state, ["JobScheduled", "JobStarted", event])
    assert queue.history(claimed.job.jid)[-1].actor == queue.history(claimed.job.jid)[-2].actor


@pytest.mark.parametrize("second", [each for each, *_ in REPORTS.values()], ids=list(REPORTS))
@pytest.mark.parametrize(("first", "state", "event"), REPORTS.values(), ids=REPORTS)
def test_a_second_report_is_lease_lost_and_changes_nothing(
    queue: SqliteQueue, claimed: Claimed[list[int], int], first: Report, state: str, event: str, second: Report
) -> None:
    first(claimed)
    before = queue.history(claimed.job.jid)

    outcome = second(claimed)

    both_complete = (first, second) == (REPORTS["complete"][0], REPORTS["complete"][0])
    assert outcome == (Success(None) if both_complete else Failure(LeaseLost(claimed.job.jid, 1)))
    assert queue.history(claimed.job.jid) == before


def test_completing_twice_keeps_the_first_result(queue: SqliteQueue, claimed: Claimed[list[int], int]) -> None:
    assert (claimed.complete(3), claimed.complete(4)) == (Success(None), Success(None))

    assert queue.result(SUM, claimed.job.jid) == Success(3)


@pytest.mark.parametrize("late", [each for each, *_ in REPORTS.values()], ids=list(REPORTS))
def test_an_attempt_that_lost_its_job_to_a_later_one_is_not_heard(
    queue: SqliteQueue, clock: FixedClock, claimed: Claimed[list[int], int], late: Report
) -> None:
    claimed.snooze(SECOND)
    clock.advance(SECOND)
    second = queue.poll_next(SUM)
    assert second is not None

    assert late(claimed) == Failure(LeaseLost(claimed.job.jid, 1))

    assert second.job.attempt == 2
    assert told(queue, claimed.job.jid)[0] == "started"
    assert second.complete(3) == Success(None)


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ("3", "Expected `int`, got `str`"),
        (None, "Expected `int`, got `null`"),
        (2**70, "beyond 64 bits"),
    ],
    ids=str,
)
def test_a_result_of_another_type_is_refused_and_the_job_stays_held(
    queue: SqliteQueue, claimed: Claimed[list[int], int], result: int, problem: str
) -> None:
    with pytest.raises(ResultRefused) as refused:
        claimed.complete(result)

    assert refused.value.path == "$"
    assert problem in refused.value.problem
    assert told(queue, claimed.job.jid) == ("started", ["JobScheduled", "JobStarted"])
    assert claimed.complete(3) == Success(None)


def test_a_result_that_is_too_large_is_refused_and_the_job_stays_held(queue: SqliteQueue) -> None:
    queue.schedule(RAW.new(b"\x00\xff"))
    claimed = queue.poll_next(RAW)
    assert claimed is not None

    with pytest.raises(ResultRefused, match="65537 bytes, more than the limit of 65536"):
        claimed.complete(bytes(65_537))
    assert told(queue, claimed.job.jid)[0] == "started"

    assert claimed.complete(bytes(65_536)) == Success(None)
    assert queue.result(RAW, claimed.job.jid) == Success(bytes(65_536))


def test_a_snooze_is_due_after_its_delay_and_counts_as_no_failure(
    queue: SqliteQueue, clock: FixedClock, claimed: Claimed[list[int], int]
) -> None:
    clock.advance(SECOND)
    claimed.snooze(HOUR)
    (row,) = queue.look()
    assert (row.due, row.attempt, row.retries) == (START + SECOND + HOUR, 1, 0)

    assert queue.poll_next(SUM) is None
    clock.advance(HOUR)
    again = queue.poll_next(SUM)

    assert again is not None
    assert (again.job.attempt, again.job.retries, again.job.scheduled_at) == (2, 0, START + SECOND + HOUR)


def test_a_snooze_is_not_negative(queue: SqliteQueue, claimed: Claimed[list[int], int]) -> None:
    with pytest.raises(ValueError, match="expected a delay of 0 or more, got -1 day, 23:59:59"):
        claimed.snooze(-SECOND)

    assert told(queue, claimed.job.jid)[0] == "started"


def test_a_snooze_for_ever_ends_with_the_calendar(queue: SqliteQueue, claimed: Claimed[list[int], int]) -> None:
    assert claimed.snooze(timedelta.max) == Success(None)

    assert str(queue.look()[0].due) == "9999-12-31 23:59:59.999999+00:00"


def test_while_it_is_cancelled_done_first_is_done(queue: SqliteQueue, claimed: Claimed[list[int], int]) -> None:
    queue.cancel_job(claimed.job.jid)

    assert claimed.complete(3) == Success(None)

    assert told(queue, claimed.job.jid) == ("done", ["JobScheduled", "JobStarted", "CancelAsked", "JobDone"])
    assert queue.result(SUM, claimed.job.jid) == Success(3)


@pytest.mark.parametrize(
    ("report", "how"),
    [(lambda claimed: claimed.fail(Transient("busy")), "failed"), (lambda claimed: claimed.snooze(HOUR), "snoozed")],
    ids=["failed", "snoozed"],
)
def test_while_it_is_cancelled_any_other_end_is_the_end_of_the_job(
    queue: SqliteQueue, claimed: Claimed[list[int], int], report: Report, how: str
) -> None:
    queue.cancel_job(claimed.job.jid)

    assert report(claimed) == Success(None)

    assert told(queue, claimed.job.jid) == ("cancelled", ["JobScheduled", "JobStarted", "CancelAsked", "JobCancelled"])
    assert queue.history(claimed.job.jid)[-1].data["how"] == how
    assert queue.poll_next(SUM, at=START + 365 * 24 * HOUR) is None


def test_what_a_claimed_job_shows_is_its_job(claimed: Claimed[list[int], int]) -> None:
    assert repr(claimed) == f"Claimed({claimed.job!r})"
    assert f"Job(jid={claimed.job.jid!r}, payload=[1, 2], attempt=1, retries=0, max_retries=1" in repr(claimed)


class Doubtful(MemoryStore):
    """A store whose commits are of unknown outcome when it is told so, before they happen or after it."""

    doubt: Literal["before", "after"] | None = None

    @contextmanager
    @override
    def writing(self) -> Iterator[MemoryStore]:
        with super().writing() as writing:
            yield writing
            if self.doubt == "before":
                raise OutcomeUnknown("memory", "commit", "for a test")
        if self.doubt == "after":
            raise OutcomeUnknown("memory", "commit", "for a test")


@pytest.mark.parametrize("doubt", ["before", "after"])
def test_a_claim_of_unknown_outcome_is_given_back_by_the_next_poll(
    clock: FixedClock, dice: FixedDice, doubt: Literal["before", "after"]
) -> None:
    store = Doubtful()
    queue = StoreQueue(store, clock=clock, dice=dice, actor="test")
    jid = queue.schedule(SUM.new([1, 2]))
    other = queue.schedule(SUM.new([3]))
    held = queue.poll_next(SUM)
    assert held is not None
    assert held.job.jid == jid
    store.doubt = doubt
    with pytest.raises(OutcomeUnknown):
        queue.poll_next(SUM)
    store.doubt = None

    again = queue.poll_next(SUM)

    assert again is not None
    assert again.job.jid == other
    lost = ["JobStarted", "JobReleased"] if doubt == "after" else []
    assert [entry.type for entry in queue.history(other)] == ["JobScheduled", *lost, "JobStarted"]
    assert held.complete(3) == Success(None)  # what it knows that it holds is left to it
