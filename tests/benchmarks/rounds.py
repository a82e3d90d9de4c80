"""Rounds: all contestants of a workload, one after another, again and again; so a noisy moment hits all of them."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import Struct

from tests.benchmarks.figures import Figure
from tests.benchmarks.systems.protocol import Durability, System

RATE: Final = "jobs/s"

Measures: TypeAlias = Mapping[str, float]
"""What one round measured of one contestant, by measure."""
Contestant: TypeAlias = Callable[[Path, Durability, int], Measures]
"""Does so many jobs, in a new folder."""


class Setting(Struct, frozen=True):
    """How much to measure."""

    systems: tuple[System, ...]
    """adc, the raw loop, and the peers that are installed."""
    jobs: int = 2_000
    rounds: int = 5
    durabilities: tuple[Durability, ...] = ("normal", "full")
    folder: Path | None = None
    """Where the files are made; None: where the system keeps temporary ones."""
    backlogs: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    log: int = 10
    """How many events a long log has for each job of the backlog beside which it stands."""
    samples: int = 100
    """How often the time to an idle runner is measured in each round."""
    cold_seconds: float = 10.0
    """How long a runner is idle before it counts as cold."""

    def system(self, name: str) -> System:
        return next(each for each in self.systems if each.name == name)

    @property
    def peers(self) -> tuple[System, ...]:
        return tuple(each for each in self.systems if each.is_peer)


def timed(jobs: int, work: Callable[[], object]) -> Measures:
    """How many jobs a second the work does."""
    began = time.perf_counter()
    work()
    return {RATE: jobs / (time.perf_counter() - began)}


def compete(
    setting: Setting,
    workload: str,
    contestants: Mapping[str, Contestant],
    *,
    jobs: int | None = None,
    durabilities: Sequence[Durability] | None = None,
) -> Iterator[Figure]:
    """Only equal durability is compared: all contestants run at one, then all at the next."""
    count = setting.jobs if jobs is None else jobs
    for durability in setting.durabilities if durabilities is None else durabilities:
        found: dict[tuple[str, str], list[float]] = {}
        for _ in range(setting.rounds):
            for name, run in contestants.items():
                with tempfile.TemporaryDirectory(dir=setting.folder) as folder:
                    for measure, value in run(Path(folder), durability, count).items():
                        found.setdefault((name, measure), []).append(value)
        for (name, measure), values in found.items():
            yield Figure(workload, durability, count, name, measure, tuple(values), _remark(setting, name))


def _remark(setting: Setting, contestant: str) -> str:
    """That of the system by whose name the contestant's begins."""
    return next((each.remark for each in setting.systems if each.name == contestant.split(",", maxsplit=1)[0]), "")
