"""Attempts: deadlines are met once, and only of those that still run."""

from adc.core.ids import Xid
from adc.core.instants import Instant, Span
from adc.core.states import Started
from adc.core.terms import Body, Tally, Terms, Token
from adc.handling.job import Held
from adc.handling.said import Finished, Report
from adc.running.attempts import Attempts
from adc.testing.samples import JOB, OTHER_JOB, RUNNER

FINISHED = Finished(b"null")
HOUR = Span(3_600_000_000)


def held(jid: Xid = JOB, *, attempt: int = 1, timeout: int | None = 100) -> Held:
    terms = Terms("double", Body("", 1), timeout=None if timeout is None else Span(timeout))
    return Held(jid, Started(terms, Tally(attempt), Token(attempt, RUNNER), Instant(0)), Instant(0), b"1")


def started(*all_held: Held, tick: int = 0) -> Attempts:
    attempts = Attempts()
    attempts.tick = Span(tick)
    attempts.next_watch = Span(1_000 * HOUR)
    for each in all_held:
        attempts.start(each)
    return attempts


def test_time_is_nothing_until_an_answer_tells_it() -> None:
    assert Attempts().tick == Span(0)


def test_one_without_a_timeout_runs_as_long_as_it_takes() -> None:
    attempts = started(held(timeout=None))
    attempts.tick = HOUR

    assert attempts.overdue() == []
    assert attempts.until_due(HOUR) == HOUR


def test_nobody_waits_beyond_the_nearest_deadline() -> None:
    attempts = started(held(timeout=300), held(OTHER_JOB, timeout=100), tick=1_000)

    assert attempts.until_due(HOUR) == 100
    assert attempts.until_due(Span(20)) == 20
    attempts.tick = Span(1_150)
    assert attempts.until_due(HOUR) == 0


def test_a_deadline_is_met_once() -> None:
    late = held()
    attempts = started(late, held(OTHER_JOB, timeout=500))
    attempts.tick = Span(100)

    ((found, said),) = attempts.overdue()
    assert (found, said.fault.names[0]) == (late, "adc.TimedOut")
    assert attempts.overdue() == []


def test_the_deadline_of_one_that_ended_is_passed_over() -> None:
    done = held()
    attempts = started(done, held(OTHER_JOB, timeout=500))
    attempts.hear(Report(done.jid, done.state.token, FINISHED))

    assert attempts.until_due(HOUR) == 500
    attempts.tick = Span(100)
    assert attempts.overdue() == []


def test_an_old_deadline_says_nothing_of_the_next_attempt_of_the_same_job() -> None:
    first = held(attempt=1)
    attempts = started(first)
    attempts.hear(Report(first.jid, first.state.token, FINISHED))
    attempts.start(held(attempt=2, timeout=400))
    attempts.tick = Span(100)

    assert attempts.overdue() == []
    assert len(attempts) == 1


def test_only_what_runs_is_heard() -> None:
    attempts = started(held(attempt=2))

    attempts.hear(Report(JOB, Token(1, RUNNER), FINISHED))
    attempts.hear(Report(OTHER_JOB, Token(2, RUNNER), FINISHED))
    assert attempts.finished == []
    assert not attempts.all_over

    attempts.hear(Report(JOB, Token(2, RUNNER), FINISHED))
    assert attempts.finished == [Report(JOB, Token(2, RUNNER), FINISHED)]
    assert attempts.running() == ()
    assert not attempts.all_over


def test_the_time_in_which_the_process_was_stopped_is_not_counted_against_its_handlers() -> None:
    attempts = started(held(timeout=100), tick=1_000)
    attempts.wake(Span(1_050), Span(20))  # late, but not by so much
    attempts.wake(Span(1_050 + HOUR), Span(30))

    assert attempts.overdue() == []
    assert attempts.until_due(HOUR) == 20  # of its 100 it has had 50, and the 30 of the wait
