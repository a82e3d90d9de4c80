"""Outbox: one report wakes the loop, and it takes all there are, or no more than it was told."""

from adc.core.instants import SECOND, Span
from adc.core.terms import Token
from adc.drivers.outbox import Outbox
from adc.handling.said import Finished, Report
from adc.running.wishes import Woken
from adc.testing.fixed import FixedClock
from adc.testing.samples import JOB, OTHER_JOB, RUNNER

ONE = Report(JOB, Token(1, RUNNER), Finished(b"1"))
TWO = Report(OTHER_JOB, Token(1, RUNNER), Finished(b"2"))


def test_all_reports_come_at_once(clock: FixedClock) -> None:
    outbox = Outbox(clock)
    outbox.put(ONE)
    outbox.put(TWO)

    assert outbox.wait(SECOND) == Woken((ONE, TWO), Span(0), stopping=False)
    assert outbox.wait(Span(0)) == Woken((), Span(0), stopping=False)


def test_of_many_reports_the_others_come_next_time(clock: FixedClock) -> None:
    outbox = Outbox(clock, most=3)
    for _ in range(5):
        outbox.put(ONE)

    assert [len(outbox.wait(Span(0)).reports) for _ in range(3)] == [3, 2, 0]


def test_a_wait_ends_with_its_time(clock: FixedClock) -> None:
    assert Outbox(clock).wait(Span(1)) == Woken((), Span(0), stopping=False)


def test_whoever_wakes_the_loop_ends_its_wait(clock: FixedClock) -> None:
    outbox = Outbox(clock)
    outbox.wake("soon")

    assert outbox.wait(Span(10**18)) == Woken((), Span(0), stopping=False)


def test_that_a_job_is_due_is_told_once(clock: FixedClock) -> None:
    outbox = Outbox(clock)
    outbox.wake("due")
    outbox.wake("due")

    assert outbox.wait(Span(10**18)) == Woken((), Span(0), stopping=False, due=True)
    assert outbox.wait(Span(0)) == Woken((), Span(0), stopping=False)


def test_that_something_is_asked_is_told_once(clock: FixedClock) -> None:
    outbox = Outbox(clock)
    outbox.wake("asked")
    outbox.wake("asked")

    assert outbox.wait(Span(10**18)) == Woken((), Span(0), stopping=False, called=True)
    assert outbox.wait(Span(0)) == Woken((), Span(0), stopping=False)


def test_stop_wakes_the_loop_and_stays(clock: FixedClock) -> None:
    outbox = Outbox(clock)
    outbox.put(ONE)
    outbox.stop()

    assert outbox.wait(Span(10**18)) == Woken((ONE,), Span(0), stopping=True)
    assert outbox.wait(Span(0)).stopping
