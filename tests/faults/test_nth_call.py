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


def test_whatever_is_read_or_written_wrongly_a_backup_is_what_was_verified(tmp_path: Path) -> None:
    """Also where that happens while the connection to the copy is closed, which tells nobody."""
    examiner = Examiner(tmp_path)
    for point in points(examiner, ["backup"]):
        if point.kind in {"SHORT_READ", "IOERR_WRITE"} and point.lasting == "once":
            examiner.attempt(point)

    assert examiner.report.wrong == []
