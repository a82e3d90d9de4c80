"""Signals: the first stops, the second leaves; on other threads they are nobody's."""

from signal import SIG_IGN, SIGINT, SIGTERM, Signals, default_int_handler, getsignal, raise_signal, signal
from threading import Thread

import pytest

from adc.drivers.signals import stopped_by_signals
from adc.handling.route import LeaveNow


@pytest.mark.parametrize("number", [SIGINT, SIGTERM])
def test_the_first_signal_stops_and_the_second_leaves(number: Signals) -> None:
    before, stopped = getsignal(number), list[str]()

    with pytest.raises(LeaveNow), stopped_by_signals(lambda: stopped.append("stop")):
        raise_signal(number)
        assert stopped == ["stop"]
        raise_signal(SIGINT)

    assert stopped == ["stop"]
    assert getsignal(number) is before


def test_the_handlers_from_before_are_back() -> None:
    signal(SIGINT, default_int_handler)
    with stopped_by_signals(lambda: None):
        assert getsignal(SIGINT) is not default_int_handler

    assert getsignal(SIGINT) is default_int_handler


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal(SIGINT, SIG_IGN)
    try:
        with stopped_by_signals(lambda: None):
            assert getsignal(SIGINT) is SIG_IGN
        assert getsignal(SIGINT) is SIG_IGN
    finally:
        signal(SIGINT, before)


def test_on_another_thread_nothing_is_installed() -> None:
    seen: list[object] = []

    def elsewhere() -> None:
        with stopped_by_signals(lambda: None):
            seen.append(getsignal(SIGINT))

    thread = Thread(target=elsewhere)
    thread.start()
    thread.join()

    assert seen == [getsignal(SIGINT)]
