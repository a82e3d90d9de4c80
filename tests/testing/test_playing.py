"""play: generator handlers run on the answers of a test; Trial: handlers of any form, with their kind's codecs."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import adc
from adc.testing import START, NoAnswer, Played, Trial, job, play

SUM = adc.JobKind("sum", list[int], result=int)
HOUR = timedelta(hours=1)


def double(number: int) -> int:
    return 2 * number


def stepping(job: adc.Job[list[int]]) -> adc.Steps[int]:
    doubled = yield from adc.step("double", double)(job.payload[0])
    if doubled > 100:
        return (yield from adc.snooze(HOUR))
    if doubled == 0:
        raise adc.Permanent("nothing to double")
    return doubled


def recovering(job: adc.Job[list[int]]) -> adc.Steps[int]:
    try:
        return (yield from adc.step("double", double)(1))
    except KeyError:
        return -1


def timing(job: adc.Job[list[int]]) -> adc.Steps[int]:
    at = yield from adc.now()
    return at.year


def test_each_step_gets_its_answer_and_is_not_called() -> None:
    played = play(stepping(job([1])), {"double": 7})

    assert played == Played(adc.Success(7), ["double"])
    assert played.snoozed is None


def test_a_snooze_is_told() -> None:
    assert play(stepping(job([1])), {"double": 101}).snoozed == HOUR


def test_what_is_raised_as_not_done_is_the_outcome() -> None:
    assert play(stepping(job([1])), {"double": 0}).outcome == adc.Failure(adc.Permanent("nothing to double"))


def test_an_answer_may_be_an_exception() -> None:
    assert play(recovering(job([1])), {"double": KeyError("no")}).outcome == adc.Success(-1)


def test_any_other_exception_comes_out() -> None:
    with pytest.raises(ZeroDivisionError):
        play(stepping(job([1])), {"double": ZeroDivisionError()})


def test_a_step_without_an_answer_is_told_by_name() -> None:
    with pytest.raises(NoAnswer, match="the handler asked for the step 'double', to which the test gives no answer"):
        play(stepping(job([1])))


def test_the_time_is_the_tests() -> None:
    assert play(timing(job([1]))).outcome == adc.Success(START.year)
    assert play(timing(job([1])), at=datetime(1999, 1, 1, tzinfo=UTC)).outcome == adc.Success(1999)


def plain(job: adc.Job[list[int]]) -> int:
    return sum(job.payload)


def outcome(job: adc.Job[list[int]]) -> adc.Outcome[int, adc.NotDone]:
    return adc.Success(sum(job.payload)) if job.payload else adc.Failure(adc.Transient("empty"))


async def waiting(job: adc.Job[list[int]]) -> int:
    await asyncio.sleep(0)
    return await adc.step("double", double)(sum(job.payload))


async def snoozing(job: adc.Job[list[int]]) -> int:
    return await adc.snooze(HOUR)


@pytest.mark.parametrize(
    ("handler", "payload", "expected"),
    [
        (plain, [1, 2], adc.Success(3)),
        (outcome, [1, 2], adc.Success(3)),
        (outcome, [], adc.Failure(adc.Transient("empty"))),
        (stepping, [2], adc.Success(4)),
        (stepping, [51], adc.Failure(adc.Snooze(HOUR))),
        (stepping, [0], adc.Failure(adc.Permanent("nothing to double"))),
        (waiting, [1, 2], adc.Success(6)),
        (snoozing, [], adc.Failure(adc.Snooze(HOUR))),
        (recovering, [], adc.Success(2)),
    ],
)
def test_any_form_of_handler_is_tried(
    handler: Callable[[adc.Job[list[int]]], Any], payload: list[int], expected: object
) -> None:
    assert Trial(SUM, handler).run(payload) == expected


@pytest.mark.parametrize("handler", [stepping, waiting])
def test_an_answer_stands_in_for_a_step(handler: Callable[[adc.Job[list[int]]], Any]) -> None:
    assert Trial(SUM, handler).run([1], answers={"double": 9}) == adc.Success(9)


def test_an_answer_that_is_an_exception_is_raised_at_its_step() -> None:
    assert Trial(SUM, recovering).run([], answers={"double": KeyError()}) == adc.Success(-1)


def test_an_error_of_a_step_reaches_the_handler() -> None:
    def failing(job: adc.Job[list[int]]) -> adc.Steps[int]:
        try:
            return (yield from adc.step("divide", lambda: 1 // 0)())
        except ZeroDivisionError:
            return 0

    assert Trial(SUM, failing).run([]) == adc.Success(0)


def test_the_payload_goes_through_its_codec() -> None:
    with pytest.raises(adc.PayloadRefused):
        Trial(SUM, plain).run(["1"])  # type: ignore[list-item]


def test_the_result_goes_through_its_codec() -> None:
    with pytest.raises(adc.ResultRefused):
        Trial(SUM, lambda job: "three").run([1])  # type: ignore[arg-type, return-value]


def test_the_attempt_is_the_tests() -> None:
    seen: list[tuple[int, int, int]] = []
    kind = adc.JobKind("seen", None, retry=adc.exponential(max_retries=5))

    Trial(kind, lambda job: seen.append((job.attempt, job.retries, job.max_retries))).run(None, attempt=3)

    assert seen == [(3, 2, 5)]


def test_an_ordinary_exception_comes_out() -> None:
    with pytest.raises(IndexError):
        Trial(SUM, stepping).run([])
