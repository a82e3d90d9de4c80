"""Inline: all on the calling thread."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from threading import current_thread, main_thread

from adc.codec.events import body_of
from adc.codec.payload import codec_for
from adc.core.instants import SECOND, Span
from adc.core.states import Started
from adc.core.terms import Tally, Terms, Token
from adc.drivers.inline import Inline
from adc.handling.forms import form_of
from adc.handling.job import Held, Job
from adc.handling.route import Route
from adc.handling.said import Finished, Said, timed_out
from adc.testing.fixed import FixedClock
from adc.testing.samples import DUE, JOB, NOW, RUNNER

LIMIT = Span(2 * SECOND)
HELD = Held(JOB, Started(Terms("act", body_of(b"1"), timeout=LIMIT), Tally(1), Token(1, RUNNER), NOW), DUE, b"1")


def hands_for(handler: Callable[[Job[int]], object], clock: FixedClock) -> Inline:
    route = Route("act", 1, codec_for(int), codec_for(str), 100, handler, form_of(handler))
    return Inline({("act", 1): route}, clock)


def said_by(hands: Inline) -> Said:
    hands.launch(HELD)
    (report,) = hands.wait(Span(0)).reports
    return report.said


def test_handlers_run_on_the_calling_thread(clock: FixedClock) -> None:
    async def asks(job: Job[int]) -> str:
        return str(current_thread() is main_thread())

    with closing(hands_for(asks, clock)) as hands:
        assert said_by(hands) == Finished(b'"True"')
        assert said_by(hands) == Finished(b'"True"')


def test_a_timeout_is_noticed_afterwards(clock: FixedClock) -> None:
    def takes(seconds: int) -> Callable[[Job[int]], str]:
        def handler(job: Job[int]) -> str:
            clock.advance(timedelta(seconds=seconds))
            return "done"

        return handler

    assert said_by(hands_for(takes(2), clock)) == Finished(b'"done"')
    assert said_by(hands_for(takes(3), clock)) == timed_out(LIMIT)


def test_stop_reaches_the_handler_that_runs(clock: FixedClock) -> None:
    def stops(job: Job[int]) -> str:
        hands.stop()
        return str(job.cancellation.wait(timedelta(seconds=30)))

    hands = hands_for(stops, clock)
    hands.launch(HELD)
    woken = hands.wait(LIMIT)

    assert woken.stopping
    assert [report.said for report in woken.reports] == [Finished(b'"True"')]


def test_there_is_nothing_to_interrupt_or_abandon(clock: FixedClock) -> None:
    with closing(hands_for(lambda job: "", clock)) as hands:
        hands.interrupt()
        hands.abandon(HELD.jid, HELD.state.token)
