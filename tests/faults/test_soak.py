"""A share of the soak, in each run of the tests; `just soak` takes minutes, or hours."""

from tests.faults.counting import outcome_of
from tests.faults.soak import Sample, growth_of

MB = 1 << 20


def test_under_load_with_kills_and_prunes_nothing_is_lost() -> None:
    counters = outcome_of("soak", "--minutes", "0.15", "--seed", "5", "--short").counters

    assert counters["jobs"] >= counters["acknowledged"] > 0
    assert counters["prunes"] > 0
    assert counters["kills"] > 0


def test_what_grows_to_the_end_is_told_and_what_a_process_begins_with_is_not() -> None:
    settled = [Sample(60.0 * n, min(n, 3) * 10 * MB, 9) for n in range(12)]
    leaking = [Sample(60.0 * n, n * MB, 9 + n) for n in range(12)]

    assert growth_of([settled]).memory == 0
    told = growth_of([settled, leaking])
    assert (told.processes, told.memory, told.descriptors) == (2, 4 * MB, 4)
    assert told.slope == 1024
