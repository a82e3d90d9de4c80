"""Simulate: many seeds, or one with its trace.

python -m tests.simulation [--seeds 2000] [--first 0] [--store memory|sqlite] [--processes 1] [--enough 5] [--json FILE]
python -m tests.simulation --seed 7 [--store memory|sqlite]
"""

import argparse
import sys
import time
from pathlib import Path

from tests.faults.counting import Counting
from tests.simulation.many import ENOUGH, Sum, run_seeds
from tests.simulation.reached import told
from tests.simulation.seeds import STORES, StoreName, run_seed


def one(seed: int, store: StoreName) -> int:
    """With its trace."""
    came_of = run_seed(seed, store, print)
    print(came_of.broken or f"nothing broken in {came_of.steps} steps, {came_of.events} events")
    return 1 if came_of.broken else 0


def many(first: int, seeds: int, store: StoreName, *, processes: int, enough: int, file: Path | None) -> int:
    """With what they came to."""
    began, counting = time.perf_counter(), Counting("simulation", first)
    total: Sum = run_seeds(first, seeds, store, processes, enough)
    taken = time.perf_counter() - began
    print(
        f"{total.seeds} seeds on {store}: {total.steps} steps, {total.events} events, {told(total.pairs)}, "
        f"{total.seeds / taken:.0f} seeds/s"
    )
    print(*(failure.said() for failure in total.failures), sep="\n")
    if file is None:
        return 1 if total.failures else 0
    counting.count_all({"seeds": total.seeds, "steps": total.steps, "events": total.events})
    counting.count("pairs of event and state", len(total.pairs))
    counting.wrong(failure.said() for failure in total.failures)
    return counting.end(file, "--first, with the seed that it says", figures=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--store", choices=STORES, default="memory")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--enough", type=int, default=ENOUGH, help="so many failures end it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    chosen = parser.parse_args()
    if chosen.seed is not None:
        return one(chosen.seed, chosen.store)
    return many(
        *(chosen.first, chosen.seeds, chosen.store),
        processes=chosen.processes,
        enough=chosen.enough,
        file=chosen.json,
    )


if __name__ == "__main__":
    sys.exit(main())
