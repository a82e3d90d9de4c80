"""Retrying: a failed attempt is followed by what its job's policy says, which was agreed at scheduling."""

from datetime import timedelta

import pytest

from adc.core.ids import Xid
from adc.core.retry import NEVER, RetryPolicy, exponential, fixed, linear
from adc.core.states import Absent, state_name
from adc.handling.notdone import NotDone, Permanent, Snooze, Transient
from adc.kind import JobKind
from adc.queue import SqliteQueue
from adc.testing.fixed import START, FixedClock, FixedDice

SECOND = timedelta(seconds=1)
BUSY = Transient("busy")


def told(queue: SqliteQueue, jid: Xid) -> tuple[str, list[str]]:
    """What the state table says of a job, and what the log says happened."""
    state = queue.store.load((jid,))[jid].state
    name = "absent" if isinstance(state, Absent) else state_name(state)
    return name, [entry.type for entry in queue.history(jid)]


def mail(retry: RetryPolicy) -> JobKind[str, None]:
    return JobKind("mail", str, retry=retry)


def fail(queue: SqliteQueue, why: Exception = BUSY) -> None:
    """Claim the next job, whenever it is due, and let it fail with any exception."""
    claimed = queue.poll_next(mail(NEVER), at=START + timedelta(days=10_000))
    assert claimed is not None
    assert claimed.fail(why).unwrap() is None  # type: ignore[arg-type]  # what a handler raised may be anything


def test_without_a_policy_the_first_failure_is_final(queue: SqliteQueue) -> None:
    jid = queue.schedule(JobKind("mail", str).new("hello"))

    fail(queue)

    assert told(queue, jid) == ("dead", ["JobScheduled", "JobStarted", "JobDied"])
    assert [(row.reason, row.retries) for row in queue.look()] == [("RetriesUsedUp", 0)]
    died = queue.history(jid)[-1].data
    assert (died["attempt"], died["reason"]) == (1, "RetriesUsedUp")
    assert "'message': 'busy'" in str(died["fault"])


def test_max_retries_of_2_means_3_attempts(queue: SqliteQueue) -> None:
    jid = queue.schedule(mail(exponential(max_retries=2)).new("hello"))

    for expected in (("scheduled", 1), ("scheduled", 2), ("dead", 2)):
        fail(queue)
        assert [(row.state, row.retries) for row in queue.look()] == [expected]

    assert told(queue, jid) == ("dead", ["JobScheduled", *["JobStarted", "JobRetried"] * 2, "JobStarted", "JobDied"])


@pytest.mark.parametrize(
    ("policy", "noise", "seconds"),
    [
        (fixed(10 * SECOND, max_retries=3), 0.5, [5, 5, 5]),
        (fixed(10 * SECOND, max_retries=3, jitter=False), 0.5, [10, 10, 10]),
        (linear(10 * SECOND, max_retries=3, cap=25 * SECOND, jitter=False), 0.5, [10, 20, 25]),
        (exponential(SECOND, max_retries=3), 0.5, [0.5, 1, 2]),
        (exponential(SECOND, max_retries=3), 0.0, [0, 0, 0]),
        (exponential(SECOND, max_retries=3, cap=3 * SECOND), 0.75, [0.75, 1.5, 2.25]),
    ],
    ids=["fixed", "fixed without jitter", "linear", "exponential", "exponential at once", "exponential, capped"],
)
def test_the_delay_is_the_share_of_the_policy_s_that_the_dice_show(
    queue: SqliteQueue, dice: FixedDice, policy: RetryPolicy, noise: float, seconds: list[float]
) -> None:
    jid = queue.schedule(mail(policy).new("hello"))
    dice.show(noise)
    delays = []

    for _ in seconds:
        fail(queue)
        due = queue.look()[0].due
        assert due is not None
        delays.append((due - START) / SECOND)

    assert delays == seconds
    assert [entry.type for entry in queue.history(jid)][2::2] == ["JobRetried"] * 3


def test_a_retry_is_claimed_when_its_delay_is_over(queue: SqliteQueue, clock: FixedClock) -> None:
    kind = mail(fixed(10 * SECOND, max_retries=1, jitter=False))
    jid = queue.schedule(kind.new("hello"))
    fail(queue)

    clock.advance(10 * SECOND - timedelta(microseconds=1))
    assert queue.poll_next(kind) is None
    clock.advance(timedelta(microseconds=1))
    again = queue.poll_next(kind)

    assert again is not None
    job = again.job
    assert (job.jid, job.attempt, job.retries, job.max_retries) == (jid, 2, 1, 1)
    assert job.scheduled_at == START + 10 * SECOND


def test_a_handler_may_ask_for_its_own_delay(queue: SqliteQueue) -> None:
    queue.schedule(mail(exponential(max_retries=1)).new("hello"))

    fail(queue, Transient("busy", retry_in=3600 * SECOND))

    assert [(row.due, row.retries) for row in queue.look()] == [(START + 3600 * SECOND, 1)]


def test_its_own_delay_gives_no_retry_more(queue: SqliteQueue) -> None:
    queue.schedule(mail(NEVER).new("hello"))

    fail(queue, Transient("busy", retry_in=SECOND))

    assert [row.state for row in queue.look()] == ["dead"]


def test_a_permanent_failure_is_final_whatever_the_policy(queue: SqliteQueue) -> None:
    jid = queue.schedule(mail(exponential(max_retries=5)).new("hello"))

    fail(queue, Permanent("no such address"))

    assert told(queue, jid) == ("dead", ["JobScheduled", "JobStarted", "JobDied"])
    assert [(row.reason, row.retries) for row in queue.look()] == [("Permanent", 0)]


def test_snoozes_use_up_no_retry(queue: SqliteQueue) -> None:
    jid = queue.schedule(mail(fixed(max_retries=1)).new("hello"))

    for why in (Snooze(SECOND), Snooze(SECOND), BUSY, Snooze(SECOND), BUSY):
        fail(queue, why)

    assert [(row.state, row.attempt, row.retries) for row in queue.look()] == [("dead", 5, 1)]
    ends = [entry.type for entry in queue.history(jid)][2::2]
    assert ends == ["JobSnoozed", "JobSnoozed", "JobRetried", "JobSnoozed", "JobDied"]


class Refusing(PermissionError):
    """A class of the application's, under one that the policy gives up on."""


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        (PermissionError("no"), "Permanent"),
        (Refusing("no"), "Permanent"),
        (ValueError("no"), "Permanent"),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "no"), "Permanent"),
        (OSError("no"), None),
        (LookupError("no"), None),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, Exception) else str(given),
)
def test_a_policy_gives_up_on_classes_and_what_is_below_them(
    queue: SqliteQueue, why: Exception, reason: str | None
) -> None:
    queue.schedule(mail(exponential(max_retries=5, give_up_on=(PermissionError, ValueError))).new("hello"))

    fail(queue, why)

    assert [row.reason for row in queue.look()] == [reason]


def test_the_policy_of_one_job_may_be_its_own(queue: SqliteQueue) -> None:
    queue.schedule(mail(NEVER).new("hello", retry=fixed(max_retries=1)))

    fail(queue)

    assert [row.state for row in queue.look()] == ["scheduled"]


def test_the_policy_is_that_of_scheduling_not_that_of_today_s_code(queue: SqliteQueue) -> None:
    queue.schedule(mail(fixed(max_retries=1)).new("hello"))

    fail(queue)  # claims with a kind of the same name that never retries

    assert [row.state for row in queue.look()] == ["scheduled"]


def test_a_failure_is_recorded_with_class_message_and_traceback(queue: SqliteQueue) -> None:
    jid = queue.schedule(mail(fixed(max_retries=1)).new("hello"))
    try:
        raise Refusing("user 7 may not")
    except Refusing as error:
        fail(queue, error)

    fault = queue.history(jid)[-1].data["fault"]

    assert isinstance(fault, dict)
    assert fault["message"] == "user 7 may not"
    assert [name.rpartition(".")[2] for name in fault["names"]] == [
        "Refusing",
        "PermissionError",
        "OSError",
        "Exception",
    ]
    assert 'raise Refusing("user 7 may not")' in fault["traceback"]


@pytest.mark.parametrize("why", [BUSY, Permanent("no")], ids=["transient", "permanent"])
def test_a_dead_letter_is_not_claimed_again(queue: SqliteQueue, why: NotDone) -> None:
    queue.schedule(mail(NEVER).new("hello"))
    fail(queue, why)

    assert queue.poll_next(mail(NEVER), at=START + timedelta(days=10_000)) is None
