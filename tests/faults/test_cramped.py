"""Real disks that are full, and files that can't be written: nothing is lost, and all goes on when the cause goes."""

import pytest

from tests.faults.cramped import CASES, Case, Unable, problem_of

SHARE = (
    Case("limited", 10_000),
    Case("limited cycles", 4_096),
    Case("limited open", 4_128),
    Case("pages", 3),
    Case("small", 1_500),
    Case("read only", 0),
    Case("read only folder", 1),
)


@pytest.mark.parametrize("case", SHARE, ids=str)
def test_without_room_or_permission_nothing_is_lost_and_all_goes_on_by_itself(case: Case) -> None:
    try:
        problem = problem_of(case)
    except Unable as unable:
        pytest.skip(str(unable))

    assert problem == ""


def test_there_are_enough_cases() -> None:
    assert len(set(CASES)) >= 60
