"""What a stored log proves of a job: each way in which it can be wrong breaks one law, and is told at its event."""

from collections.abc import Callable
from typing import Final

import pytest

from adc.auditing.finding import Finding
from adc.auditing.job_course import Proof
from adc.auditing.stored import StoredEvent, digest_of
from adc.auditing.streams import check_database, check_job
from adc.codec.events import body_of, encode_event
from adc.codec.timed import without_time
from adc.core.database import DatabaseEvent, DatabaseState, QueuePaused, QueueResumed
from adc.core.events import Event, JobDone, JobScheduled, JobStarted, PayloadErased
from adc.core.ids import DATABASE, Xid
from adc.core.states import Done, Scheduled, Started
from adc.core.terms import Terms
from adc.core.transition import Snapshot
from adc.testing.samples import CLAIMED, DUE, EARLY, JOB, JOB_RETRIED, JOB_STARTED, KEY, NOW, RUNNER, TALLY, TOKEN

PAYLOAD: Final = b'{"order": 7}'
RESULT: Final = b'"sent"'
SCHEDULED: Final = JobScheduled(EARLY, Terms("invoice", body_of(PAYLOAD), key=KEY), DUE)
DONE: Final = JobDone(NOW, 1, body_of(RESULT))
ERASED: Final = PayloadErased(NOW)

Stored = list[StoredEvent]
Change = Callable[[Stored], object]


def stored(*events: Event | DatabaseEvent, jid: Xid = JOB) -> Stored:
    """The log of these events, as adc writes it; every second number is another job's."""
    log: Stored = []
    head = b""
    for version, event in enumerate(events, 1):
        kind, key, body = None, None, None
        if isinstance(event, JobScheduled):
            kind, key, body = event.terms.kind, event.terms.key, PAYLOAD
        if isinstance(event, JobDone):
            body = RESULT
        name = type(event).__name__
        row = StoredEvent(
            *(
                version * 2,
                jid,
                version,
                event.at,
                name,
                1,
                "test",
                None,
                without_time(encode_event(event)),
                body,
                kind,
                key,
                b"",
            )
        )
        head = digest_of(head, row)
        log.append(row._replace(digest=head))
    return log


def chained(log: Stored) -> Stored:
    """The log with the digests that its events should have."""
    head = b""
    for place, row in enumerate(log):
        head = digest_of(head, row)
        log[place] = row._replace(digest=head)
    return log


def laws(found: object) -> list[tuple[str, int | None]]:
    assert isinstance(found, tuple), found
    assert {each.jid for each in found} <= {JOB, DATABASE}
    return [(each.law, each.seq) for each in found]


def test_a_sound_log_proves_the_state_and_where_the_log_stands() -> None:
    log = stored(SCHEDULED, JOB_STARTED)

    proof = check_job(log)

    started = Started(SCHEDULED.terms, TALLY, TOKEN, CLAIMED)
    assert proof == Proof(Snapshot(JOB, started, 2, 2, log[-1].digest), EARLY, DUE)


def test_a_job_that_waits_again_is_due_when_its_last_event_says() -> None:
    proof = check_job(stored(SCHEDULED, JOB_STARTED, JOB_RETRIED))

    assert isinstance(proof, Proof)
    assert isinstance(proof.job.state, Scheduled)
    assert proof.due == proof.job.state.due == JOB_RETRIED.due


def test_the_bodies_of_an_erased_job_are_gone_and_that_is_fine() -> None:
    log = [row._replace(body=None) for row in stored(SCHEDULED, JOB_STARTED, DONE, ERASED)]

    proof = check_job(log)

    assert isinstance(proof, Proof)
    assert isinstance(proof.job.state, Done)


def test_rows_of_format_2_which_have_the_time_in_the_text_too_prove_the_same() -> None:
    log = stored(SCHEDULED, JOB_STARTED)

    assert check_job([row._replace(data=row.text) for row in log]) == check_job(log)


def replaced(place: int, **columns: object) -> Change:
    def change(log: Stored) -> None:
        row = log[place]
        log[place] = StoredEvent._make(columns.get(name, value) for name, value in row._asdict().items())

    return change


WRONG: Final[dict[str, tuple[Change, list[tuple[str, int]]]]] = {
    "data that says something else": (
        replaced(1, data=encode_event(JobStarted(CLAIMED, 1, RUNNER)) + " "),
        [("chain", 4)],
    ),
    "another actor": (replaced(0, actor="someone"), [("chain", 2)]),
    "a cause that wasn't there": (replaced(2, cause=""), [("chain", 6)]),
    "another digest": (replaced(0, digest=b"\0" * 16), [("chain", 2), ("chain", 4)]),
    "the last digest": (replaced(2, digest=b"\0" * 16), [("chain", 6)]),
    "another time": (replaced(1, at=7), [("chain", 4)]),
    "another time than the text of format 2": (replaced(1, at=7, data=encode_event(JOB_STARTED)), [("columns", 4)]),
    "another kind": (replaced(0, job_type="invoices"), [("columns", 2)]),
    "no key": (replaced(0, key=None), [("columns", 2)]),
    "a key where none can be": (replaced(1, key=KEY), [("columns", 4)]),
    "another byte in the payload": (replaced(0, body=PAYLOAD[:-1] + b"]"), [("body", 2)]),
    "a result that is longer": (replaced(2, body=RESULT + b" "), [("body", 6)]),
    "no payload": (replaced(0, body=None), [("body", 2)]),
    "no result": (replaced(2, body=None), [("body", 6)]),
    "bytes where none can be": (replaced(1, body=b""), [("body", 4)]),
    "a number below the one before it": (replaced(1, seq=1), [("sequence", 1)]),
    "a number that is none": (replaced(0, seq=0), [("sequence", 0)]),
    "no first event": (lambda log: log.pop(0), [("history", 4)]),
    "no second event": (lambda log: log.pop(1), [("history", 6)]),
    "two events less": (lambda log: [log.pop(0), log.pop(0)], [("history", 6)]),
    "an event twice": (lambda log: log.insert(1, log[0]._replace(seq=3)), [("history", 3)]),
    "an event that nobody knows": (
        lambda log: (replaced(1, type="JobTeleported")(log), chained(log)),
        [("event", 4)],
    ),
    "data that isn't an event": (lambda log: (replaced(1, data="{}")(log), chained(log)), [("event", 4)]),
    "an event that can't follow": (
        lambda log: (replaced(1, type="JobRetried", data=encode_event(JOB_RETRIED), at=NOW)(log), chained(log)),
        [("history", 4)],
    ),
}


@pytest.mark.parametrize(("change", "expected"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_at_its_event(change: Change, expected: list[tuple[str, int]]) -> None:
    log = stored(SCHEDULED, JOB_STARTED, DONE)
    change(log)

    assert laws(check_job(log)) == expected


def test_bodies_that_are_there_though_they_were_erased_are_told() -> None:
    log = stored(SCHEDULED, JOB_STARTED, DONE, ERASED)

    assert laws(check_job(log)) == [("body", 2), ("body", 6)]


def test_an_erasure_has_no_body_of_its_own() -> None:
    """Found by an edit of a random cell."""
    log = [row._replace(body=None) for row in stored(SCHEDULED, JOB_STARTED, DONE)]
    log = [*log, stored(SCHEDULED, JOB_STARTED, DONE, ERASED)[-1]._replace(body=b"")]

    assert laws(check_job(log)) == [("body", 8)]


def test_an_event_that_could_not_be_read_is_told_and_hides_none_behind_it() -> None:
    log = stored(SCHEDULED, JOB_STARTED, DONE)
    unread = Finding("event", "a text in its row isn't UTF-8", JOB, 4)
    wrong = log[2]._replace(body=RESULT + b" ")

    assert laws(check_job([log[0], unread, wrong])) == [("event", 4), ("body", 6)]


def test_the_findings_say_what_was_expected_and_what_is_there() -> None:
    log = stored(SCHEDULED, JOB_STARTED, DONE)
    del log[1]
    (found,) = check_job([log[0], log[1]._replace(at=7)])[:1]  # type: ignore[index]

    assert found == Finding("history", "version 2 is missing before version 3", JOB, 6)


PAUSED: Final = QueuePaused(EARLY, "mail")


def test_the_stream_of_the_database_proves_what_is_paused() -> None:
    log = stored(PAUSED, QueueResumed(NOW, "mail"), QueuePaused(NOW, "mail"), jid=DATABASE)

    assert check_database(log) == DatabaseState({"mail": NOW})


OF_THE_DATABASE: Final[dict[str, tuple[Change, list[tuple[str, int]]]]] = {
    "another actor": (replaced(0, actor="someone"), [("chain", 2)]),
    "another time": (replaced(0, at=7), [("chain", 2)]),
    "bytes": (replaced(1, body=b""), [("body", 4)]),
    "an event of a job": (lambda log: (replaced(1, type="JobStarted")(log), chained(log)), [("event", 4)]),
    "no first event": (lambda log: log.pop(0), [("history", 4)]),
    "an event twice": (lambda log: (replaced(1, type="QueuePaused")(log), chained(log)), [("history", 4)]),
}


@pytest.mark.parametrize(("change", "expected"), OF_THE_DATABASE.values(), ids=OF_THE_DATABASE)
def test_what_is_wrong_with_the_database_is_told(change: Change, expected: list[tuple[str, int]]) -> None:
    log = stored(PAUSED, QueueResumed(NOW, "mail"), jid=DATABASE)
    change(log)

    assert laws(check_database(log)) == expected
