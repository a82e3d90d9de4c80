"""A diagnosis is as bad as the worst that was seen."""

import pytest

from adc.auditing.diagnosis import Diagnosis, Observation, Severity


@pytest.mark.parametrize(
    ("seen", "worst"),
    [
        ((), "ok"),
        (("ok", "ok"), "ok"),
        (("ok", "warning", "ok"), "warning"),
        (("warning", "error", "ok"), "error"),
    ],
)
def test_the_worst_that_was_seen_counts(seen: tuple[Severity, ...], worst: Severity) -> None:
    observations = tuple(Observation("wal", each, "so it is") for each in seen)

    assert Diagnosis("jobs.db", observations).severity == worst
