"""Many: a range of seeds, on several cores if asked to, until some of them fail."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Final

from tests.simulation.reached import Pair
from tests.simulation.seeds import CameOf, StoreName, run_seed

ENOUGH: Final = 5
"""So many failures are told."""
AT_ONCE: Final = 250
"""So many seeds are given to a process."""


@dataclass
class Failure:
    """A seed that broke something."""

    seed: int
    store: StoreName
    broken: str

    def said(self) -> str:
        """With the command that shows it again."""
        return f"seed {self.seed}: {self.broken}\npython -m tests.simulation --seed {self.seed} --store {self.store}\n"


@dataclass
class Sum:
    """What the seeds came to."""

    seeds: int = 0
    steps: int = 0
    events: int = 0
    pairs: set[Pair] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)


def run_seeds(first: int, seeds: int, store: StoreName, processes: int = 1, enough: int = ENOUGH) -> Sum:
    """All of them, or as many as it takes to see enough failures."""
    total = Sum()
    for came_of in _came_of(range(first, first + seeds), store, processes):
        total.seeds += 1
        total.steps += came_of.steps
        total.events += came_of.events
        total.pairs |= came_of.pairs
        if came_of.broken is not None:
            total.failures.append(Failure(came_of.seed, store, came_of.broken))
            if len(total.failures) == enough:
                break
    return total


def _came_of(seeds: range, store: StoreName, processes: int) -> Iterable[CameOf]:
    if processes == 1:
        return (run_seed(seed, store) for seed in seeds)
    return _in_processes(seeds, store, processes)


def _in_processes(seeds: range, store: StoreName, processes: int) -> Iterator[CameOf]:
    parts = [seeds[start : start + AT_ONCE] for start in range(0, len(seeds), AT_ONCE)]
    with ProcessPoolExecutor(processes) as pool:
        yield from chain.from_iterable(pool.map(partial(_part, store=store), parts))


def _part(seeds: range, store: StoreName) -> list[CameOf]:
    return [run_seed(seed, store) for seed in seeds]
