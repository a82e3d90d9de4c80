"""Steps: what they yield, what becomes of the answer, and what can't be one."""

import gc
from datetime import UTC, datetime, timedelta

import pytest

from adc.core.instants import Span
from adc.handling.effects import Call, Doze, Effect, Now
from adc.handling.steps import LONGEST_NAME, Step, StepMisplaced, note_forgotten, now, snooze, step


def double(number: int, *, plus: int = 0) -> int:
    return 2 * number + plus


def asked(one: Step[object]) -> Effect:
    return next(iter(one))


def test_a_step_asks_for_its_call() -> None:
    effect = asked(step("double", double)(4, plus=1))

    assert isinstance(effect, Call)
    assert effect.name == "double"
    assert effect.call() == 9


def test_the_answer_is_what_yield_from_gives() -> None:
    driven = iter(step("double", double)(4))
    next(driven)

    with pytest.raises(StopIteration) as end:
        driven.send("the driver's answer")

    assert end.value.value == "the driver's answer"


def test_a_coroutine_awaits_the_same_effect() -> None:
    async def awaits() -> int:
        return await step("double", double)(4)

    coroutine = awaits()
    effect = coroutine.send(None)

    assert isinstance(effect, Call)
    with pytest.raises(StopIteration) as end:
        coroutine.send(8)
    assert end.value.value == 8


def test_snooze_and_now_are_steps() -> None:
    assert asked(snooze(timedelta(seconds=2))) == Doze(Span(2_000_000))
    assert asked(now()) == Now()


def test_a_snooze_into_the_past_is_refused_where_it_is_made() -> None:
    with pytest.raises(ValueError, match="expected a delay of 0 or more, got -1 day"):
        asked(snooze(timedelta(seconds=-1)))


@pytest.mark.parametrize("name", ["", "x" * (LONGEST_NAME + 1), 7, None, b"bytes"])
def test_what_cannot_name_a_step_is_refused_where_it_is_made(name: str) -> None:
    with pytest.raises(ValueError, match="expected a step's name of 1 to 200 characters"):
        step(name, double)


def test_the_longest_name_is_taken() -> None:
    assert repr(step("x" * LONGEST_NAME, double)(1)) == f"<step '{'x' * LONGEST_NAME}'>"


def test_steps_that_are_thrown_away_undriven_are_noted() -> None:
    forgotten = note_forgotten()

    step("dropped", double)(1)  # type: ignore[unused-awaitable]
    asked(step("driven", double)(1))
    gc.collect()

    assert forgotten == ["dropped"]


def test_the_type_of_now_is_a_datetime() -> None:
    driven = iter(now())
    next(driven)
    moment = datetime(2027, 1, 1, tzinfo=UTC)

    with pytest.raises(StopIteration) as end:
        driven.send(moment)

    assert end.value.value is moment


def test_a_step_that_is_thrown_away_late_is_told_to_the_attempt_that_made_it() -> None:
    forgotten_by_first = note_forgotten()
    made = step("dropped", double)(1)
    forgotten_by_second = note_forgotten()

    del made

    assert (forgotten_by_first, forgotten_by_second) == (["dropped"], [])


def test_a_call_is_shown_without_its_arguments() -> None:
    effect = next(iter(step("charge", double)(4_111_111)))

    assert repr(effect) == "Call('charge')"


def test_a_step_that_came_up_to_asyncio_says_where_it_belongs() -> None:
    driven = iter(step("charge", double)(1))
    next(driven)

    with pytest.raises(StepMisplaced, match="step 'charge' was awaited in a task of its own: await it in the handler"):
        driven.throw(RuntimeError("Task got bad yield: Call('charge')"))


def test_any_other_error_of_a_step_is_the_handlers() -> None:
    driven = iter(step("charge", double)(1))
    next(driven)

    with pytest.raises(RuntimeError, match="no connection"):
        driven.throw(RuntimeError("no connection"))
