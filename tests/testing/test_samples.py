"""The samples are complete, and tell one story."""

from typing import get_args

import pytest

from adc.core.commands import Command
from adc.core.events import Event
from adc.core.evolve import fold
from adc.core.states import JobState
from adc.testing.samples import (
    CANCEL_ASKED,
    COMMANDS,
    EVENTS,
    JOB_CANCELLED,
    JOB_DIED,
    JOB_DONE,
    JOB_SCHEDULED,
    JOB_STARTED,
    MORE_COMMANDS,
    MORE_STATES,
    STATES,
)


@pytest.mark.parametrize(
    ("samples", "union"),
    [(COMMANDS, Command), (STATES, JobState), (EVENTS, Event)],
    ids=["commands", "states", "events"],
)
def test_there_is_one_of_each_in_order(samples: tuple[object, ...], union: object) -> None:
    assert get_args(union) == tuple(type(sample) for sample in samples)


def test_what_else_there_is_differs_from_the_first_of_its_class() -> None:
    assert not set(MORE_COMMANDS) & set(COMMANDS)
    assert not set(MORE_STATES) & set(STATES)


def test_the_states_are_what_the_events_lead_to() -> None:
    started = (JOB_SCHEDULED, JOB_STARTED)
    logs: tuple[tuple[Event, ...], ...] = (
        (),
        (JOB_SCHEDULED,),
        started,
        (*started, CANCEL_ASKED),
        (*started, JOB_DONE),
        (*started, JOB_DIED),
        (JOB_SCHEDULED, JOB_CANCELLED),
    )

    expected = tuple(fold(log) for log in logs)

    assert expected == STATES
