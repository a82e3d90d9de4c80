"""Simulate: many seeds, or one with its trace.

python -m tests.simulation [--seeds 2000] [--first 0] [--store memory|sqlite] [--processes 1] [--enough 5]
python -m tests.simulation --seed 7 [--store memory|sqlite]
"""

import argparse
import sys
import time

from tests.simulation.many import ENOUGH, Sum, run_seeds
from tests.simulation.reached import told
from tests.simulation.seeds import STORES, StoreName, run_seed


def one(seed: int, store: StoreName) -> int:
    """With its trace."""
    came_of = run_seed(seed, store, print)
    print(came_of.broken or f"nothing broken in {came_of.steps} steps, {came_of.events} events")
    return 1 if came_of.broken else 0


def many(first: int, seeds: int, store: StoreName, *, processes: int, enough: int) -> int:
    """With what they came to."""
    began = time.perf_counter()
    total: Sum = run_seeds(first, seeds, store, processes, enough)
    taken = time.perf_counter() - began
    print(
        f"{total.seeds} seeds on {store}: {total.steps} steps, {total.events} events, {told(total.pairs)}, "
        f"{total.seeds / taken:.0f} seeds/s"
    )
    for failure in total.failures:
        print(failure.said())
    return 1 if total.failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--store", choices=STORES, default="memory")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--enough", type=int, default=ENOUGH, help="so many failures end it")
    chosen = parser.parse_args()
    if chosen.seed is not None:
        return one(chosen.seed, chosen.store)
    return many(chosen.first, chosen.seeds, chosen.store, processes=chosen.processes, enough=chosen.enough)


if __name__ == "__main__":
    sys.exit(main())
