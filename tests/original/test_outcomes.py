"""What the original promises of handlers and of cancelling: its lines 21-40, kept, or changed on purpose."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest

import adc
from adc.core.commands import Claim
from adc.core.decide import decide
from adc.core.events import JobStarted
from adc.core.outcome import Success
from adc.testing.fixed import START, FixedClock, FixedDice
from adc.testing.samples import CLAIM, RUNNER, SCHEDULED

MAIL = adc.JobKind("mail", str)
RETRIED = adc.JobKind("mail", str, retry=adc.exponential(timedelta(seconds=8), max_retries=1))
SECOND = timedelta(seconds=1)


def told(queue: adc.SqliteQueue, jid: adc.Xid) -> tuple[list[str], list[str]]:
    """What the state table says of a job, and what the log says happened."""
    return [row.state for row in queue.look() if row.jid == jid], [entry.type for entry in queue.history(jid)]


def claim(queue: adc.SqliteQueue, kind: adc.JobKind[str]) -> adc.Claimed[str, None]:
    claimed = queue.poll_next(kind)
    assert claimed is not None
    return claimed


def run(queue: adc.SqliteQueue, handler: adc.JobHandler[str, None], kind: adc.JobKind[str] = MAIL) -> None:
    """What is due, one job after the other."""
    router = adc.RunnerRouter()
    router.add_job_handler(kind, handler)
    adc.JobRunner(queue, router, driver="inline").run_until_idle()


def fail(job: adc.Job[str]) -> None:
    raise OSError(job.payload)


def test_021_a_handler_that_returns_completes_the_job_and_its_history_is_kept(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    run(queue, lambda job: None)

    assert told(queue, jid) == (["done"], ["JobScheduled", "JobStarted", "JobDone"])
    assert queue.result(MAIL, jid) == adc.Success(None)


def test_022_on_the_first_run_there_are_no_retries(queue: adc.SqliteQueue) -> None:
    queue.schedule(MAIL.new("hello"))

    assert claim(queue, MAIL).job.retries == 0


def test_023_a_job_that_failed_once_comes_back_with_one_retry(queue: adc.SqliteQueue, clock: FixedClock) -> None:
    jid = queue.schedule(RETRIED.new("hello"))
    claim(queue, RETRIED).fail(adc.Transient("busy"))
    clock.advance(4 * SECOND)

    job = claim(queue, RETRIED).job

    assert (job.jid, job.retries, job.attempt) == (jid, 1, 2)


def test_024_a_job_that_failed_is_due_after_a_backoff_not_at_once(queue: adc.SqliteQueue, dice: FixedDice) -> None:
    dice.show(0.25)
    jid = queue.schedule(RETRIED.new("hello"))

    run(queue, fail, RETRIED)

    assert [(row.due, row.retries) for row in queue.look()] == [(START + 2 * SECOND, 1)]
    assert told(queue, jid) == (["scheduled"], ["JobScheduled", "JobStarted", "JobRetried"])


def test_025_without_a_retry_left_the_job_is_a_dead_letter(queue: adc.SqliteQueue, clock: FixedClock) -> None:
    jid = queue.schedule(RETRIED.new("hello"))
    run(queue, fail, RETRIED)
    clock.advance(8 * SECOND)

    run(queue, fail, RETRIED)

    assert told(queue, jid)[0] == ["dead"]
    assert [row.reason for row in queue.look()] == ["RetriesUsedUp"]
    assert [entry.type for entry in queue.history(jid)][-2:] == ["JobStarted", "JobDied"]


def test_026_the_default_is_the_policy_that_never_retries(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    run(queue, fail)

    assert (MAIL.retry, MAIL.retry.max_retries) == (adc.NEVER, 0)
    assert told(queue, jid) == (["dead"], ["JobScheduled", "JobStarted", "JobDied"])


def test_027_an_unreadable_payload_is_a_dead_letter_at_once_and_says_why(queue: adc.SqliteQueue) -> None:
    numbers = adc.JobKind("mail", list[int], retry=adc.fixed(max_retries=5))
    jid = queue.schedule(numbers.new([7]))

    run(queue, lambda job: None)

    assert told(queue, jid) == (["dead"], ["JobScheduled", "JobStarted", "JobDied"])
    assert [(row.reason, row.retries) for row in queue.look()] == [("Undecodable", 0)]


def test_028_a_kind_without_a_handler_is_never_claimed(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(adc.JobKind("letter", str).new("hello"))

    run(queue, lambda job: None)

    assert told(queue, jid) == (["scheduled"], ["JobScheduled"])


@dataclass
class Mailing:
    """A handler whose fields are its services."""

    server: str
    sent: list[str] = field(default_factory=list)

    def __call__(self, job: adc.Job[str]) -> None:
        self.sent.append(f"{self.server}: {job.payload}")


def test_029_the_fields_of_a_handler_are_its_services(queue: adc.SqliteQueue) -> None:
    mailing = Mailing("smtp")
    queue.schedule(MAIL.new("hello"))

    run(queue, mailing)

    assert mailing.sent == ["smtp: hello"]


def test_030_a_router_holds_handlers_of_all_types(queue: adc.SqliteQueue) -> None:
    total = adc.JobKind("sum", list[int], result=int)
    mailing = Mailing("smtp")
    router = adc.RunnerRouter()
    router.add_job_handler(MAIL, mailing.__call__)
    router.add_job_handler(total, partial(lambda start, job: sum(job.payload, start), 10))
    jid = queue.schedule_many([MAIL.new("hello"), total.new([1, 2])])[1]

    adc.JobRunner(queue, router, driver="inline").run_until_idle()

    assert router.kinds == (MAIL, total)
    assert (mailing.sent, queue.result(total, jid)) == (["smtp: hello"], adc.Success(13))


def test_031_a_second_handler_for_a_kind_is_refused(queue: adc.SqliteQueue) -> None:
    router = adc.RunnerRouter()
    router.add_job_handler(MAIL, lambda job: None)

    with pytest.raises(adc.HandlerTaken, match="kind 'mail' in version 1 has a handler already"):
        router.add_job_handler(MAIL, fail)

    jid = queue.schedule(MAIL.new("hello"))
    adc.JobRunner(queue, router, driver="inline").run_until_idle()
    assert told(queue, jid)[0] == ["done"]


def test_032_the_lifecycle_is_a_pure_function_for_whoever_brings_a_runner() -> None:
    assert isinstance(CLAIM, Claim)
    assert decide(CLAIM, SCHEDULED) == Success((JobStarted(CLAIM.at, 1, RUNNER),))


def test_033_a_cancelled_job_is_never_polled(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    assert queue.cancel_job(jid) == adc.Success(None)

    assert queue.poll_next(MAIL) is None
    assert told(queue, jid) == (["cancelled"], ["JobScheduled", "JobCancelled"])


def test_034_cancelling_again_is_already_so(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))
    queue.cancel_job(jid)

    assert queue.cancel_job(jid) == adc.Success(None)

    assert told(queue, jid) == (["cancelled"], ["JobScheduled", "JobCancelled"])


def test_035_a_job_in_progress_is_asked_to_end_and_can_t_be_unscheduled(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(RETRIED.new("hello"))
    claimed = claim(queue, RETRIED)

    assert queue.unschedule_job(RETRIED, jid) == adc.Failure(adc.WrongState(jid, "started"))
    assert queue.cancel_job(jid) == adc.Success(None)
    assert told(queue, jid)[0] == ["cancelling"]
    claimed.fail(adc.Transient("interrupted"))

    assert told(queue, jid) == (["cancelled"], ["JobScheduled", "JobStarted", "CancelAsked", "JobCancelled"])


def test_036_unscheduling_gives_the_payload_back_and_the_job_is_gone(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    assert queue.unschedule_job(MAIL, jid) == adc.Success("hello")

    assert queue.poll_next(MAIL) is None
    assert told(queue, jid) == (["cancelled"], ["JobScheduled", "JobCancelled"])


def test_037_a_job_is_unscheduled_once(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))
    queue.unschedule_job(MAIL, jid)

    assert queue.unschedule_job(MAIL, jid) == adc.Failure(adc.WrongState(jid, "cancelled"))

    assert told(queue, jid) == (["cancelled"], ["JobScheduled", "JobCancelled"])


def test_038_a_job_of_another_kind_stays(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    assert queue.unschedule_job(adc.JobKind("letter", str), jid) == adc.Failure(adc.WrongKind(jid, "mail"))

    assert told(queue, jid) == (["scheduled"], ["JobScheduled"])


def test_039_040_a_job_with_another_payload_type_is_undecodable_and_stays(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    outcome = queue.unschedule_job(adc.JobKind("mail", list[int]), jid)

    assert outcome == adc.Failure(adc.Undecodable(jid, "$", "Expected `array`, got `str`"))
    assert told(queue, jid) == (["scheduled"], ["JobScheduled"])
    assert claim(queue, MAIL).job.payload == "hello"
