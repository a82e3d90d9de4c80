"""Little memory in each run of the tests: a few limits; `python -m tests.faults.memory` tries 50 for each operation."""

from tests.faults.memory import examine


def test_without_memory_each_answer_is_true_and_all_goes_on_when_there_is_some() -> None:
    counting = examine(("schedule_many", "complete", "prune", "run"), 5)

    assert counting.violations == []
    assert counting.counters["cases"] == 20
    assert counting.counters["answered by success"] < 20
