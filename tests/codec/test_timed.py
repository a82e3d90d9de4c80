"""Timed: what a row of the log has of an event's text, and the whole text again."""

from typing import get_args

import pytest

from adc.codec.events import encode_event
from adc.codec.timed import with_time, without_time
from adc.core.database import DatabaseEvent, Pruned, QueuePaused
from adc.core.events import CancelAsked, Event, JobCancelled, PayloadErased
from adc.core.instants import FIRST, LAST, Instant

AT = Instant(1_800_000_000_000_000)
FORMS = {
    PayloadErased(AT): "{}",
    CancelAsked(FIRST): "{}",
    JobCancelled(AT, "waiting"): '{"how":"waiting"}',
    QueuePaused(LAST, 'a,"b"'): '{"queue":"a,\\"b\\""}',
    Pruned(Instant(-7), 2, 5, Instant(3)): '{"jobs":2,"events":5,"done_before":3}',
}


@pytest.mark.parametrize(("event", "stored"), FORMS.items(), ids=str)
def test_the_time_is_left_out_and_put_back(event: Event | DatabaseEvent, stored: str) -> None:
    whole = encode_event(event)

    assert without_time(whole) == stored
    assert with_time(event.at, stored) == whole


@pytest.mark.parametrize("kind", [*get_args(Event), *get_args(DatabaseEvent)])
def test_the_time_comes_first_in_every_event(kind: type[Event | DatabaseEvent]) -> None:
    assert kind.__struct_fields__[0] == "at"
    assert "at" not in kind.__struct_defaults__


@pytest.mark.parametrize("stored", ['{"at":7,"queue":"mail"}', '{"at":7}', "", "7", '["at"]', 'x{"queue":"mail"}'])
def test_a_whole_text_stays_as_it_is_and_so_does_what_is_no_object(stored: str) -> None:
    assert with_time(AT, stored) == stored


@pytest.mark.parametrize("stored", ["{", "{ }", "{}}", '{"attempt":1', '{ "attempt":1}'])
def test_what_was_changed_is_another_text(stored: str) -> None:
    sound = {with_time(AT, each) for each in ("{}", '{"attempt":1}')}

    assert with_time(AT, stored) not in sound
