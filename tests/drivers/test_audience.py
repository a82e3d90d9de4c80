"""Audience: the runner never waits for its reader."""

from threading import Thread

import pytest

from adc.drivers.audience import Audience
from adc.running.events import EventsDropped, StoreTroubled

EVENTS = [StoreTroubled(str(number)) for number in range(5)]


def test_a_reader_gets_all_events_in_order() -> None:
    audience = Audience()
    reader = audience.read()

    def tell() -> None:
        for event in EVENTS:
            audience.tell(event)
        audience.end(None)

    Thread(target=tell).start()
    assert list(reader) == EVENTS


def test_of_a_slow_readers_events_the_oldest_are_dropped_and_counted() -> None:
    audience = Audience(room=2)
    for event in EVENTS:
        audience.tell(event)
    audience.end(None)

    assert list(audience.read()) == [EventsDropped(3), *EVENTS[3:]]


def test_an_error_comes_after_the_last_event() -> None:
    audience = Audience()
    audience.tell(EVENTS[0])
    audience.end(ZeroDivisionError())
    reader = audience.read()

    assert next(reader) == EVENTS[0]
    with pytest.raises(ZeroDivisionError):
        next(reader)
