"""A share of the calls that fail, in each run of the tests; `just nth-call` makes all of them."""

from pathlib import Path
from random import Random

import pytest

from tests.faults.nth_call import Examiner, points

SHARE = 0.03


@pytest.mark.parametrize(
    "operation", ["open", "schedule_many", "complete", "redrive", "erase", "prune", "backup", "compact"]
)
def test_whatever_the_system_answers_trouble_is_typed_and_nothing_is_lost(operation: str, tmp_path: Path) -> None:
    examiner, random = Examiner(tmp_path), Random(0)
    for point in points(examiner, [operation]):
        if random.random() < SHARE:
            examiner.attempt(point)

    assert examiner.report.wrong == []
    assert examiner.report.points > 0
