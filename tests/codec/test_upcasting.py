"""Upcasting: events that an older adc wrote, here with made-up older versions, are read in the form of today."""

import pytest

from adc.codec.events import DamagedEvent, UnknownEvent, decode_database_event, decode_event, encode_event
from adc.codec.upcasting import UPCASTS, Fields, Upcasts, upcast, written_version
from adc.core.database import QueuePaused
from adc.core.events import Event
from adc.core.instants import Instant
from adc.testing.samples import JOB, JOB_STARTED

TODAY = encode_event(JOB_STARTED)
YESTERDAY = TODAY.replace('"runner"', '"worker"')
LONG_AGO = TODAY.replace('"runner"', '"worker"').replace('"attempt":1', '"retries":0')


def with_attempts(fields: Fields) -> Fields:
    """Version -1 counted from 0."""
    retries = fields["retries"]
    assert isinstance(retries, int)
    return {name: value for name, value in fields.items() if name != "retries"} | {"attempt": retries + 1}


def with_runners(fields: Fields) -> Fields:
    """Version 0 called the runner another name."""
    return {"runner" if name == "worker" else name: value for name, value in fields.items()}


STEPS: Upcasts = {
    ("JobStarted", -1): with_attempts,
    ("JobStarted", 0): with_runners,
    ("QueuePaused", 0): lambda fields: {**fields, "queue": "mail"},
}


def read(kind_version: int, stored: str, steps: Upcasts = STEPS) -> Event:
    return decode_event(JOB, 7, 2, "JobStarted", kind_version, stored, steps)


@pytest.mark.parametrize(("version", "stored"), [(1, TODAY), (0, YESTERDAY), (-1, LONG_AGO)])
def test_each_version_is_read_as_the_event_of_today(version: int, stored: str) -> None:
    assert read(version, stored) == JOB_STARTED


def test_the_stored_form_itself_stays_as_it_is() -> None:
    before = {"at": 7, "worker": "r", "attempt": 1}

    assert with_runners(before) == {"at": 7, "runner": "r", "attempt": 1}
    assert before == {"at": 7, "worker": "r", "attempt": 1}
    assert upcast("JobStarted", 0, '{"worker":1}', STEPS) == (1, '{"runner":1}')
    assert upcast("JobStarted", 1, "anything", STEPS) == (1, "anything")


@pytest.mark.parametrize("version", [-2, 2, 3])
def test_a_version_that_no_step_leaves_is_unknown(version: int) -> None:
    with pytest.raises(UnknownEvent, match=f"type JobStarted version {version} is unknown to this adc"):
        read(version, TODAY)


def test_steps_that_lead_beyond_today_do_not_help() -> None:
    with pytest.raises(UnknownEvent, match="type JobStarted version 2"):
        read(2, TODAY, {("JobStarted", 2): with_runners})


def test_the_steps_of_one_type_are_no_others() -> None:
    with pytest.raises(UnknownEvent):
        decode_event(JOB, 7, 2, "JobSnoozed", 0, '{"at":7,"attempt":1,"due":8}', STEPS)


@pytest.mark.parametrize("stored", ["", "7", "[]", "{}", '{"retries":"many"}', '{"at":7,"retries":0}'])
def test_what_the_steps_were_not_made_for_is_damage(stored: str) -> None:
    with pytest.raises(DamagedEvent, match=r"event 7 \(job .*, version 2\): JobStarted: ") as raised:
        read(-1, stored)

    assert (raised.value.jid, raised.value.seq, raised.value.version) == (JOB, 7, 2)


def test_events_of_the_database_have_older_versions_too() -> None:
    assert decode_database_event(7, 1, "QueuePaused", 0, '{"at":7}', STEPS) == QueuePaused(Instant(7), "mail")


def test_events_are_written_in_the_version_behind_the_last_step() -> None:
    steps = {**STEPS, ("JobDone", 1): with_runners, ("JobDone", 2): with_runners}

    assert [written_version(kind, steps) for kind in ("JobStarted", "JobDone", "JobDied")] == [1, 3, 1]


def test_no_form_has_changed_yet() -> None:
    """The first change adds a step, and golden files of the new form: tests/golden."""
    assert UPCASTS == {}
