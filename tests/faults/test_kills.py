"""A share of the kills, in each run of the tests; `just kills` makes all of them."""

from tests.faults.counting import outcome_of


def test_whoever_is_killed_or_stopped_nothing_is_lost() -> None:
    outcome = outcome_of("kills", "--kills", "20", "--stops", "3", "--seed", "7")

    counters = outcome.counters
    assert (outcome.violations, counters["stops"]) == ([], 3)
    assert counters["kills"] >= 20
    assert counters["jobs"] >= counters["acknowledged"] > 0
    assert counters["rescues count"] > 0
