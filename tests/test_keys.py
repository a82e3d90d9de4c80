"""Keys and ids: the same job is stored once, whatever became of it; another one under its name is refused."""

from collections.abc import Callable

import pytest

from adc.core.ids import Xid
from adc.core.outcome import Failure, Success
from adc.core.refusals import JidTaken, KeyTaken
from adc.core.states import Absent, state_name
from adc.handling.notdone import Permanent
from adc.kind import JobKind, NewJob
from adc.queue import SqliteQueue
from adc.refused import Refused
from adc.testing.fixed import START

MAIL = JobKind("mail", str)
LETTER = JobKind("letter", str)


def told(queue: SqliteQueue, jid: Xid) -> tuple[str, list[str]]:
    """What the state table says of a job, and what the log says happened."""
    state = queue.store.load((jid,))[jid].state
    name = "absent" if isinstance(state, Absent) else state_name(state)
    return name, [entry.type for entry in queue.history(jid)]


def let_wait(queue: SqliteQueue) -> None:
    assert queue.counts()["scheduled"] == 1


def start(queue: SqliteQueue) -> None:
    assert queue.poll_next(MAIL) is not None


def complete(queue: SqliteQueue) -> None:
    claimed = queue.poll_next(MAIL)
    assert claimed is not None
    assert isinstance(claimed.complete(None), Success)


def bury(queue: SqliteQueue) -> None:
    claimed = queue.poll_next(MAIL)
    assert claimed is not None
    assert isinstance(claimed.fail(Permanent("no such address")), Success)


def cancel(queue: SqliteQueue) -> None:
    assert isinstance(queue.cancel_job(queue.look()[0].jid), Success)


def start_and_cancel(queue: SqliteQueue) -> None:
    start(queue)
    cancel(queue)


FATES = pytest.mark.parametrize(
    ("fate", "state"),
    [
        (let_wait, "scheduled"),
        (start, "started"),
        (start_and_cancel, "cancelling"),
        (complete, "done"),
        (bury, "dead"),
        (cancel, "cancelled"),
    ],
    ids=["scheduled", "started", "cancelling", "done", "dead", "cancelled"],
)


@FATES
def test_scheduling_a_job_again_gives_its_id_and_changes_nothing(
    queue: SqliteQueue, fate: Callable[[SqliteQueue], None], state: str
) -> None:
    job = MAIL.new("hello")
    queue.schedule(job)
    fate(queue)
    before = told(queue, job.jid)

    again = (queue.schedule(job), queue.schedule(job.at(START)), queue.try_schedule(job))

    assert again == (job.jid, job.jid, Success(job.jid))
    assert (state, before) == (before[0], told(queue, job.jid))


@FATES
def test_a_key_belongs_to_its_job_whatever_became_of_it(
    queue: SqliteQueue, fate: Callable[[SqliteQueue], None], state: str
) -> None:
    first = queue.schedule(MAIL.new("hello", key="order-7"))
    fate(queue)
    before = told(queue, first)
    same, other = MAIL.new("hello", key="order-7"), MAIL.new("good-bye", key="order-7")

    assert (queue.schedule(same), queue.try_schedule(same)) == (first, Success(first))
    assert queue.try_schedule(other) == Failure(KeyTaken("order-7", first))
    with pytest.raises(Refused, match=f"{other.jid} was not scheduled: the key 'order-7' belongs to job {first}"):
        queue.schedule(other)

    assert (state, before) == (before[0], told(queue, first))
    assert [told(queue, job.jid) for job in (same, other)] == [("absent", [])] * 2


@FATES
def test_an_id_with_another_payload_is_refused(
    queue: SqliteQueue, fate: Callable[[SqliteQueue], None], state: str
) -> None:
    job, other = MAIL.new("hello"), MAIL.new("good-bye")
    queue.schedule(job)
    fate(queue)
    before = told(queue, job.jid)
    clash = NewJob(job.jid, MAIL, other.encoded, other.terms)

    assert queue.try_schedule(clash) == Failure(JidTaken(job.jid))
    with pytest.raises(Refused, match="a job with this id has another payload"):
        queue.schedule(clash)

    assert (state, before) == (before[0], told(queue, job.jid))


def test_each_kind_has_its_own_keys(queue: SqliteQueue) -> None:
    mail = queue.schedule(MAIL.new("hello", key="7"))
    letter = queue.schedule(LETTER.new("good-bye", key="7"))

    assert [(row.jid, row.kind, row.key) for row in queue.look()] == [(mail, "mail", "7"), (letter, "letter", "7")]


def test_another_queue_or_priority_makes_no_other_job_of_a_key(queue: SqliteQueue) -> None:
    first = queue.schedule(MAIL.new("hello", key="7"))

    assert queue.schedule(MAIL.new("hello", key="7", queue="slow", priority=5)) == first
    assert [("default", 0)] == [(row.queue, row.priority) for row in queue.look()]


def test_jobs_without_a_key_are_different_jobs(queue: SqliteQueue) -> None:
    jids = queue.schedule_many(MAIL.new("hello") for _ in range(3))

    assert len(set(jids)) == len(queue.look()) == 3


def test_a_key_may_be_any_printable_text(queue: SqliteQueue) -> None:
    for key in ("7", "Rechnung Nr. 7 / 2027", "請求書", "' OR 1=1 --", "%", "x" * 500):
        jid = queue.schedule(MAIL.new("hello", key=key))
        assert (queue.schedule(MAIL.new("hello", key=key)), queue.look(after=None)[-1].key) == (jid, key)
