"""Looking: lists of jobs by what they are, page by page; how many there are; and what became of each."""

import json
from datetime import timedelta

import pytest

from adc.codec.events import body_of
from adc.core.commands import Erase
from adc.core.ids import Xid
from adc.core.outcome import Failure, Success
from adc.core.refusals import NotFound, Undecodable, WrongKind, WrongState
from adc.core.states import StateName
from adc.core.transition import Asked
from adc.handling.notdone import Permanent
from adc.kind import JobKind
from adc.queue import SqliteQueue
from adc.shell import carry_out
from adc.testing.fixed import START, FixedClock

MAIL = JobKind("mail", str, result=int)
LETTER = JobKind("letter", str, queue="slow", priority=3)
HOUR = timedelta(hours=1)
STATES: tuple[StateName, ...] = ("scheduled", "started", "cancelling", "done", "dead", "cancelled")
NOBODY = Xid("0" * 19 + "g")


def ended(queue: SqliteQueue, state: StateName) -> Xid:
    """A job of MAIL in this state."""
    jid = queue.schedule(MAIL.new(state))
    if state == "cancelled":
        queue.cancel_job(jid)
    if state in ("scheduled", "cancelled"):
        return jid
    claimed = queue.poll_next(MAIL)
    assert claimed is not None
    match state:
        case "cancelling":
            queue.cancel_job(jid)
        case "done":
            claimed.complete(7)
        case "dead":
            claimed.fail(Permanent("no"))
        case "started":
            pass
        case _:
            raise AssertionError(state)
    return jid


@pytest.fixture
def jobs(queue: SqliteQueue) -> dict[StateName, Xid]:
    """One job in each state; the one that waits last, or it would be claimed for another."""
    return {state: ended(queue, state) for state in reversed(STATES)}


@pytest.mark.parametrize("state", STATES)
def test_jobs_are_found_by_their_state(queue: SqliteQueue, jobs: dict[StateName, Xid], state: StateName) -> None:
    (row,) = queue.look(state=state)

    assert (row.jid, row.state, row.kind) == (jobs[state], state, "mail")
    assert row.due == (START if state == "scheduled" else None)
    assert row.reason == ("Permanent" if state == "dead" else None)
    assert row.ended == (START if state in ("done", "dead", "cancelled") else None)
    assert row.attempt == (0 if state in ("scheduled", "cancelled") else 1)


def test_without_a_wish_all_jobs_are_found_in_the_order_of_scheduling(
    queue: SqliteQueue, jobs: dict[StateName, Xid]
) -> None:
    assert [(row.state, row.jid) for row in queue.look()] == list(jobs.items())


def test_jobs_are_counted_by_their_state(queue: SqliteQueue) -> None:
    assert queue.counts() == dict.fromkeys(STATES, 0)
    for number, state in enumerate(reversed(STATES), 1):
        for _ in range(number):
            ended(queue, state)
    # A job that waits would be claimed for another, so those that wait are scheduled last.
    assert queue.counts() == {"cancelled": 1, "dead": 2, "done": 3, "cancelling": 4, "started": 5, "scheduled": 6}


def test_jobs_are_found_by_kind_and_queue(queue: SqliteQueue) -> None:
    mail, letter, other = queue.schedule_many([MAIL.new("a"), LETTER.new("b"), LETTER.new("c", queue="default")])

    assert [row.jid for row in queue.look(kind=MAIL)] == [mail]
    assert [row.jid for row in queue.look(kind="letter")] == [letter, other]
    assert [row.jid for row in queue.look(queue="default")] == [mail, other]
    assert [row.jid for row in queue.look(kind=LETTER, queue="slow", state="scheduled")] == [letter]
    assert [row.jid for row in queue.look(kind="nothing")] == []
    assert [(row.queue, row.priority) for row in queue.look(kind=LETTER)] == [("slow", 3), ("default", 3)]


def test_jobs_that_are_over_are_found_by_kind_and_queue_too(queue: SqliteQueue, jobs: dict[StateName, Xid]) -> None:
    assert [row.jid for row in queue.look(state="done", kind="mail", queue="default")] == [jobs["done"]]
    assert queue.look(state="done", kind="letter") == queue.look(state="cancelled", queue="slow") == ()


def test_waiting_jobs_are_found_by_when_they_are_due(queue: SqliteQueue) -> None:
    jids = [queue.schedule_in(MAIL.new("hello"), hours * HOUR) for hours in range(4)]
    queue.poll_next(MAIL)  # the first one no longer waits

    assert [row.jid for row in queue.look(due_before=START + 2 * HOUR)] == [jids[1]]
    assert [row.jid for row in queue.look(due_before=START + 99 * HOUR, limit=2)] == jids[1:3]
    assert queue.look(due_before=START) == ()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7])
@pytest.mark.parametrize("state", [None, "scheduled", "done"])
def test_paging_finds_each_job_once(queue: SqliteQueue, state: StateName | None, size: int) -> None:
    for each in ["done"] * 6 + ["scheduled"] * 6:
        ended(queue, "done" if each == "done" else "scheduled")
    expected = [row.jid for row in queue.look(state=state)]
    found: list[Xid] = []

    while page := queue.look(state=state, after=found[-1] if found else None, limit=size):
        assert len(page) <= size
        found += [row.jid for row in page]

    assert (found, len(found)) == (expected, 12 if state is None else 6)


def test_a_page_has_100_jobs_unless_told_otherwise(queue: SqliteQueue) -> None:
    queue.schedule_many(MAIL.new("hello") for _ in range(101))

    assert (len(queue.look()), len(queue.look(limit=1000))) == (100, 101)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"limit": 0}, "expected a limit from 1 to 1000000, got 0"),
        ({"limit": 10**30}, "expected a limit from 1 to 1000000, got 1"),
        ({"kind": "\ud800"}, "expected a kind of printable characters"),
        ({"queue": ""}, "expected a queue, got an empty text"),
        ({"state": "failed"}, "expected a state, one of scheduled, started, .*; got 'failed'"),
        ({"after": NOBODY}, f"expected the id of a job as after, got '{NOBODY}', of which nothing is known"),
        ({"due_before": START.replace(tzinfo=None)}, "expected a datetime with a time zone"),
    ],
    ids=["limit", "large limit", "kind", "queue", "state", "after", "due_before"],
)
def test_a_wish_that_can_find_nothing_is_refused(queue: SqliteQueue, wish: dict[str, object], message: str) -> None:
    queue.schedule(MAIL.new("hello"))

    with pytest.raises(ValueError, match=message):
        queue.look(**wish)  # type: ignore[arg-type]


def test_a_history_has_all_that_happened_in_order(queue: SqliteQueue, clock: FixedClock) -> None:
    jid = queue.schedule(MAIL.new("hello", key="7", meta={"request": "r-1"}))
    queue.schedule(MAIL.new("another"))
    clock.advance(HOUR)
    claimed = queue.poll_next(MAIL)
    assert claimed is not None
    clock.advance(HOUR)
    claimed.complete(7)

    history = queue.history(jid)

    assert [(entry.type, entry.seq, entry.version, entry.at) for entry in history] == [
        ("JobScheduled", 1, 1, START),
        ("JobStarted", 3, 2, START + HOUR),
        ("JobDone", 4, 3, START + 2 * HOUR),
    ]
    assert {(entry.jid, entry.cause) for entry in history} == {(jid, None)}
    assert [entry.actor.partition(":")[0] for entry in history] == ["test", "runner", "runner"]
    assert "at" not in {name for entry in history for name in entry.data}


def test_a_history_can_be_written_as_json(queue: SqliteQueue, jobs: dict[StateName, Xid]) -> None:
    for jid in jobs.values():
        for entry in queue.history(jid):
            assert json.loads(json.dumps(entry.data)) is not None
    (scheduled, _, _) = queue.history(jobs["done"])
    assert json.loads(json.dumps(scheduled.data)) == {
        "due": 1_800_000_000_000_000,
        "terms": {"kind": "mail", "payload": {"hash": body_of(b'"done"').hash, "size": 6}},
    }


def test_of_an_unknown_job_there_is_no_history(queue: SqliteQueue) -> None:
    assert queue.history(NOBODY) == ()


def test_a_result_is_had_from_a_job_that_is_done(queue: SqliteQueue, jobs: dict[StateName, Xid]) -> None:
    for state, jid in jobs.items():
        expected = Success(7) if state == "done" else Failure(WrongState(jid, state))
        assert queue.result(MAIL, jid) == expected


def test_a_result_of_the_wrong_kind_or_type_or_of_nobody_is_refused(
    queue: SqliteQueue, jobs: dict[StateName, Xid]
) -> None:
    done = jobs["done"]

    assert queue.result(LETTER, done) == Failure(WrongKind(done, "mail"))
    assert queue.result(MAIL, NOBODY) == Failure(NotFound(NOBODY))
    as_text = JobKind("mail", str, result=str)
    assert queue.result(as_text, done) == Failure(Undecodable(done, "$", "Expected `str`, got `int`"))
    assert queue.result(MAIL, done) == Success(7)


def test_a_kind_without_a_result_gives_none(queue: SqliteQueue) -> None:
    jid = queue.schedule(LETTER.new("hello"))
    claimed = queue.poll_next(LETTER)
    assert claimed is not None

    claimed.complete(None)

    assert queue.result(LETTER, jid) == Success(None)


def erase(queue: SqliteQueue, jid: Xid) -> None:
    with queue.store.writing() as writing:
        (erased,) = carry_out(writing, [Asked(Erase(jid, queue.clock.now()), "test")])
    assert isinstance(erased, Success)


def test_what_was_erased_can_t_be_read_and_the_job_is_still_known(
    queue: SqliteQueue, jobs: dict[StateName, Xid]
) -> None:
    done, dead = jobs["done"], jobs["dead"]
    gone = "its bytes were erased"
    for jid in (done, dead):
        erase(queue, jid)

    assert queue.result(MAIL, done) == Failure(Undecodable(done, "$", gone))
    assert queue.unschedule_job(MAIL, dead) == Failure(Undecodable(dead, "$", gone))
    assert [row.jid for row in queue.look(state="done")] == [done]
    queue.cancel_job(jobs["scheduled"])
    queue.redrive(dead)
    assert queue.poll_next(MAIL) is None
    assert [(row.jid, row.reason) for row in queue.look(state="dead")] == [(dead, "Undecodable")]
    assert gone in str(queue.history(dead)[-1].data["fault"])
