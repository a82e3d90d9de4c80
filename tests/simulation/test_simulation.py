"""A share of the seeds, in each run of the tests; `just simulate` and `just faults` run more of them."""

import pytest

from tests.simulation.many import run_seeds
from tests.simulation.reached import POSSIBLE
from tests.simulation.seeds import STORES, StoreName, run_seed

PARTS = 4
"""For as many cores."""
IN_MEMORY = 1_600
IN_SQLITE = 400


@pytest.mark.parametrize("part", range(PARTS))
def test_no_promise_is_broken_in_memory(part: int) -> None:
    share = IN_MEMORY // PARTS
    total = run_seeds(part * share, share, "memory")

    assert not total.failures, "\n".join(failure.said() for failure in total.failures)
    assert len(total.pairs) >= 0.9 * len(POSSIBLE)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_promise_is_broken_in_sqlite(part: int) -> None:
    share = IN_SQLITE // PARTS
    total = run_seeds(IN_MEMORY + part * share, share, "sqlite")

    assert not total.failures, "\n".join(failure.said() for failure in total.failures)


@pytest.mark.parametrize("store", STORES)
def test_a_seed_tells_the_same_history_again(store: StoreName) -> None:
    for seed in range(10):
        one: list[str] = []
        again: list[str] = []
        run_seed(seed, store, one.append)
        run_seed(seed, store, again.append)

        assert one == again
        assert len(one) > 10
