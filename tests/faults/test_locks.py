"""Locks in each run of the tests: a few cases of all; `python -m tests.faults.locks` tries each."""

from tests.faults.locks import all_cases, examine


def test_what_drops_the_locks_is_noticed_before_anything_is_acknowledged_and_others_do_no_harm() -> None:
    outcome = examine(cases=10, seed=3)

    assert outcome.violations == []
    assert outcome.cases == 10
    assert 0 < outcome.intruded < 10


def test_there_are_enough_cases() -> None:
    assert len(list(all_cases())) >= 200
