"""A share of the power cuts, in each run of the tests; `just powercut` makes all of them."""

import pytest

from tests.faults.powercut import Control, examine


@pytest.mark.parametrize("seed", [0, 4], ids=["a new file", "a file of format 1"])
def test_after_a_power_cut_the_file_is_sound_and_what_was_acknowledged_is_there(seed: int) -> None:
    report = examine(seed, most=700)

    assert report.wrong == []
    assert report.states == 700
    assert report.distinct > 100
    assert report.migrations == (seed == 4)


@pytest.mark.parametrize("control", ["off", "lie"])
def test_without_syncs_it_would_not_be(control: Control) -> None:
    """Or the states that are tried would prove nothing."""
    assert examine(0, control, most=700).wrong
