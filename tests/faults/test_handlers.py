"""Handlers in each run of the tests: a few programs of all; `python -m tests.faults.handlers` runs each."""

from tests.faults.handlers import examine, programs


def test_whatever_a_handler_does_is_one_failed_attempt_and_all_others_run() -> None:
    outcome = examine(["threads: raising", "inline: by_steps", "processes: asynchronously"], seed=1)

    assert outcome.violations == []
    assert outcome.cases == 3 * 18


def test_one_that_closes_descriptors_stops_its_runner_loudly_and_ends_as_poison() -> None:
    outcome = examine(["threads: closing_descriptors"], seed=1)

    assert outcome.violations == []
    assert outcome.loud == 2


def test_there_are_enough_cases() -> None:
    assert sum(len(program.bad) for program in programs().values()) >= 60
