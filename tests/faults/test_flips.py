"""A share of the flips, in each run of the tests; `just flips` makes all of them."""

from pathlib import Path

from tests.faults.flips import run


def test_what_is_flipped_or_edited_is_told_or_changes_nothing(tmp_path: Path) -> None:
    flipped, edited = run(tmp_path, flips=1_500, edits=200, seed=7)

    assert (flipped.missed, edited.missed) == ([], [])
    assert sum(flipped.told.values()) > 500
    assert edited.dead == 0
    assert set(edited.told) == {"chain", "event", "history", "columns", "body", "sequence", "state", "paused"}
