"""Two stores in each run of the tests: a few steps; `python -m tests.faults.differential` takes 50,000."""

from tests.faults.differential import examine


def test_a_queue_in_memory_and_one_in_a_file_say_the_same() -> None:
    counting = examine(2_000, 1)

    assert counting.violations == []
    assert counting.counters["steps"] >= 2_000
    assert counting.counters["complete"] > 0
